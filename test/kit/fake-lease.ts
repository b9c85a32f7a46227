// A Lease in memory, and the time that asking for it takes; and several candidates for it on one clock.

import { setImmediate } from 'node:timers/promises';

import { failure, type KubeError } from '../../src/kube/kube-error.ts';
import { leases, type LeaseRecord, type LeaseStore, type LeaseVersion } from '../../src/kube/lease-record.ts';
import { sleep } from '../../src/runtime/sleep.ts';
import type { FakeClock } from './fake-clock.ts';

/** How one call goes. */
export interface LeaseCall {
  /** Time on the way to the server, and back. */
  readonly thereMs: number;
  readonly backMs: number;
  /** What gets lost: the question, and nothing happens; or the answer, and what was asked has happened. */
  readonly lost: 'nothing' | 'question' | 'answer';
}

/** How a call goes that nothing is wrong with. */
export const goodCall: LeaseCall = { thereMs: 1, backMs: 1, lost: 'nothing' };

/** The server's side. */
export class FakeLease {
  /** As it is; undefined before anybody made it. */
  current: LeaseVersion | undefined;
  /** When it was written last, on the clock. */
  writtenAt = 0;
  readonly #clock: FakeClock;
  #versions = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** One candidate's way to it. */
  store(next: () => LeaseCall): LeaseStore {
    return {
      read: (signal) => this.#call(next(), signal, () => this.current),
      write: (record, version, signal) => this.#call(next(), signal, () => this.#write(record, version)),
    };
  }

  #write(record: LeaseRecord, version: string | undefined): LeaseVersion | undefined {
    if (this.current?.version !== version) return undefined;
    this.writtenAt = this.#clock.now();
    this.current = { record, version: String(++this.#versions) };
    return this.current;
  }

  async #call<T>(call: LeaseCall, signal: AbortSignal, action: () => T): Promise<T> {
    const never = new AbortController().signal;
    const clock = this.#clock;
    // A question that is on its way arrives, also when nobody waits for the answer any more.
    const answer = (async (): Promise<T> => {
      await sleep(call.thereMs, { clock, signal: never });
      if (call.lost === 'question') throw unreachable();
      const result = action();
      await sleep(call.backMs, { clock, signal: never });
      if (call.lost === 'answer') throw unreachable();
      return result;
    })();
    answer.catch(() => undefined);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    try {
      return await Promise.race([answer, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

/** Winds a clock forward step by step, and lets everything that a step sets off happen before the next. */
export async function wind(clock: FakeClock, ms: number, stepMs: number = 100): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    // Promises, and promises that these make.
    await setImmediate();
    await setImmediate();
  }
}

function unreachable(): KubeError {
  return failure({ verb: 'get', target: { type: leases } }, { reason: 'Unreachable', why: 'no connection' });
}
