// A failure that trying again can't mend.

/**
 * Thrown by a reconcile function whose key must not be tried again until somebody adds it again: only a change of what
 * it looks at can help. (As `reconcile.TerminalError` of sigs.k8s.io/controller-runtime.)
 */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
