// What came of a check.

/** `skipped`: it could not be looked at, since another check on which it depends went wrong. */
export type Status = 'ok' | 'warning' | 'error' | 'skipped';

/** What a check found. */
export interface Finding {
  readonly status: Status;
  /** What is the case: a phrase without a full stop. */
  readonly message: string;
  /** What is wrong in particular, one thing each: pods, nodes, Services. */
  readonly details: readonly string[];
  /** What to do: sentences; undefined where nothing is to be done. */
  readonly advice: string | undefined;
}

/** What is wrong, where something is. */
export interface Fault {
  readonly message: string;
  readonly details?: readonly string[];
  readonly advice: string;
}

/** All is well. */
export function well(message: string): Finding {
  return { status: 'ok', message, details: [], advice: undefined };
}

/** Something should be looked after, but the mesh works. */
export function warning({ message, details = [], advice }: Fault): Finding {
  return { status: 'warning', message, details, advice };
}

/** Something is wrong. */
export function wrong({ message, details = [], advice }: Fault): Finding {
  return { status: 'error', message, details, advice };
}
