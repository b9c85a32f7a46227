// How Envoy takes leave of connections to what is no longer served: whoever starts it has to tell it so.

/** How long Envoy keeps connections to what is no longer served. */
export const drainSeconds = 10;

/**
 * Connections to an address that the mesh no longer serves are told to close with the next response, and cut when the
 * time is up. They must be gone before another service gets the port or address (control/resting.ts), and Envoy's default
 * is ten minutes, in which it also keeps the memory of every listener that was ever removed.
 */
export const drainFlags: readonly string[] = [
  '--drain-strategy',
  'immediate',
  '--drain-time-s',
  String(drainSeconds),
];
