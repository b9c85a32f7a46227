// A mistake in how Maesh is told to reach the API server, or in what it is told to show there.

/** Says what is wrong, why, and what to do. Holds no secret. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
}

/** `ENOENT: no such file or directory` and the like, without the path and call that Node puts behind. */
export function fileReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/, [a-z]+(?: '.*')?$/, '');
}
