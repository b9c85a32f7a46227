// Sees to it, while a replica leads, that resting mesh ports are let go when all proxies of all replicas have forgotten
// whose they were.

import type { Clock } from '../runtime/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import type { RestingPort } from './resting-ports.ts';
import { Rests, type RestRecord } from './rests.ts';

/** Times of a rest, in milliseconds. */
export interface RestTiming {
  /** How long a mesh port rests after all proxies have acknowledged that it is nobody's. */
  readonly restMs: number;
  /** How often replicas are looked at while a port rests. */
  readonly lookMs: number;
}

/** What a keeper works with. */
export interface RestKeeperOptions {
  /** The version of the shadow Services that the proxies of all replicas have acknowledged; undefined: not known. */
  readonly acknowledged: (signal: AbortSignal) => Promise<string | undefined>;
  /** Told when ports need not rest any more. */
  readonly onOver: () => void;
  readonly clock: Clock;
  readonly timing: RestTiming;
}

/** Keeps the rests of one term. */
export class RestKeeper {
  readonly #options: RestKeeperOptions;
  readonly #rests: Rests;

  constructor(options: RestKeeperOptions) {
    this.#options = options;
    this.#rests = new Rests(options.clock, options.timing.restMs);
  }

  /** Takes in what the record of resting ports says now. */
  see(record: RestRecord): void {
    this.#rests.see(record);
  }

  /** Whether a port need not rest any more. */
  isOver(port: RestingPort): boolean {
    return this.#rests.isOver(port);
  }

  /** Looks at replicas as long as something rests, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { acknowledged, onOver, clock, timing } = this.#options;
    while (!signal.aborted) {
      if (!this.#rests.isEmpty) {
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        const through = await acknowledged(signal);
        if (through !== undefined) this.#rests.settled(through);
        if (this.#rests.takeOver().length > 0) onOver();
      }
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(timing.lookMs, { clock, signal });
    }
  }
}
