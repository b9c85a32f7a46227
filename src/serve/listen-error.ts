// What is said when a port cannot be opened: which one, why, and what its user can do. The rest of Maesh goes on.

import { isIPv6 } from 'node:net';

/** Where something was to listen. */
export interface ListenTarget {
  /** What was to listen, as users know it: `DNS`, `the API`. */
  readonly what: string;
  /** Address of this machine; empty for all of them. */
  readonly host: string;
  readonly port: number;
  /** What its user can do where it is taken, if that is not to choose another port. */
  readonly whenTaken?: string;
}

interface Cause {
  readonly code: string;
  readonly why: string;
  readonly advice: string;
}

const inUse = 'MAESH_LISTEN_IN_USE';

const causes: ReadonlyMap<string, Cause> = new Map([
  [
    'EACCES',
    {
      code: 'MAESH_LISTEN_DENIED',
      why: 'the system does not allow it',
      advice:
        'Choose a port from 1024 on, or allow lower ones (capability CAP_NET_BIND_SERVICE, or sysctl net.ipv4.ip_unprivileged_port_start)',
    },
  ],
  [
    'EADDRINUSE',
    {
      code: inUse,
      why: 'another program listens there',
      advice: 'End the other program or choose another port; 0 takes any free one',
    },
  ],
  [
    'EADDRNOTAVAIL',
    {
      code: 'MAESH_LISTEN_NO_ADDRESS',
      why: 'this machine has no such address',
      advice: 'Choose an address of this machine, such as 127.0.0.1',
    },
  ],
]);

/**
 * A port that could not be opened. `message` says which and why; show `advice` with it.
 *
 * `code` is `MAESH_LISTEN_DENIED` (EACCES), `MAESH_LISTEN_IN_USE` (EADDRINUSE), `MAESH_LISTEN_NO_ADDRESS`
 * (EADDRNOTAVAIL) or `MAESH_LISTEN_FAILED` (whatever else: see `cause`).
 */
export class ListenError extends Error {
  readonly code: string;
  readonly advice: string;

  private constructor(target: ListenTarget, cause: Cause, options: ErrorOptions) {
    super(`Cannot open ${addressText(target.host, target.port)} for ${target.what}: ${cause.why}`, options);
    this.name = 'ListenError';
    this.code = cause.code;
    this.advice = (cause.code === inUse ? target.whenTaken : undefined) ?? cause.advice;
  }

  /** Makes the error of what the system threw; one that is a ListenError already stays as it is. */
  static from(error: unknown, target: ListenTarget): ListenError {
    if (error instanceof ListenError) return error;
    const systemCode = error instanceof Error && 'code' in error ? String(error.code) : '';
    const cause = causes.get(systemCode) ?? {
      code: 'MAESH_LISTEN_FAILED',
      why: error instanceof Error ? error.message : String(error),
      advice: 'Choose another address or port',
    };
    return new ListenError(target, cause, { cause: error });
  }
}

/** `127.0.0.1:53`, `[::1]:53`, `*:53`. */
export function addressText(host: string, port: number): string {
  if (host === '') return `*:${port}`;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
