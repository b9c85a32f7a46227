// How a reflector stands to its resource, and how that is told in the log.

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { KubeError } from './kube-error.ts';

/**
 * How a reflector stands to its resource:
 * - `starting`: nothing is known yet;
 * - `synced`: what is known is what there is, but for the moment that an event takes;
 * - `failing`: the server can't be asked for now. What is known stays, and may be old;
 * - `forbidden`: the same, because Maesh may not: `error` says what to grant;
 * - `absent`: the server has no such resource (its definition isn't installed), and so no object of it.
 *
 * From each but `starting` it may go to each other but `starting`.
 */
export type ReflectorState =
  | { readonly kind: 'starting' | 'synced' | 'absent' }
  | { readonly kind: 'failing' | 'forbidden'; readonly error: KubeError };

/** A trouble that lasts is logged again after so long, in milliseconds. */
const remindMs = 60_000;

/** Logs the states of one reflector: each trouble when it begins, when it changes, and then once a minute. */
export class StateLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #shown = '';
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The resource is followed in another version from now on. */
  version(version: string): void {
    this.#log.info(
      'Following the resource in the newest version that the API server has of those known here',
      {
        version,
      },
    );
  }

  state(state: ReflectorState, objects: number): void {
    const shown = 'error' in state ? `${state.kind} ${state.error.message}` : state.kind;
    const isTrouble = 'error' in state;
    const isDue = isTrouble && this.#clock.now() - this.#shownAt >= remindMs;
    if (shown === this.#shown && !isDue) return;
    this.#shown = shown;
    this.#shownAt = this.#clock.now();
    switch (state.kind) {
      case 'starting':
        break;
      case 'synced':
        this.#log.info('Following the objects of the API server', { objects });
        break;
      case 'absent':
        this.#log.info('The API server has no such resource: looking again from time to time');
        break;
      case 'failing':
        this.#log.warn(
          'Cannot follow the objects of the API server: trying again, and keeping what is known',
          {
            objects,
            error: state.error.message,
          },
        );
        break;
      case 'forbidden':
        this.#log.error(
          'May not follow the objects of the API server: trying again, and keeping what is known',
          {
            objects,
            error: state.error.message,
          },
        );
    }
  }
}
