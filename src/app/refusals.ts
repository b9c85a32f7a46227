// What proxies refuse of services, for as long as they do: those of this process, and those of others of whom it is told.

import { isDeepStrictEqual } from 'node:util';

import type { Refused } from '../apply/told-refusals.ts';
import { Holdoff } from '../control/holdoff.ts';
import type { ServiceKey } from '../model/key.ts';
import type { Problem } from '../model/problem.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Rejection, XdsObserver } from '../serve/xds/observer.ts';
import { refusedOf, refusedOfServices } from './proxy-problems.ts';

/** How often it is looked at most, in milliseconds: what a thousand proxies say together is looked at once. */
const quietMs = 1_000;
const maxMs = 5_000;

/** What refusals are found by. */
export interface RefusalsOptions {
  /** What is refused now. */
  readonly rejections: () => readonly Rejection[];
  /** What the proxies of other replicas refuse, where that is known; nothing by default. */
  readonly others?: () => readonly Refused[];
  /** The uid of a Service, if it is known. */
  readonly uidOf: (service: ServiceKey) => string | undefined;
  /** Told when {@link Refusals.problems} are others. */
  readonly onChange: () => void;
  readonly clock: Clock;
}

/** Looks only when proxies, or other replicas, say something that may change it: nothing is done while nobody refuses anything. */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #holdoff: Holdoff;
  #problems: readonly Problem[] = [];
  /** Whether something is refused, as far as is known before the next look. */
  #isAny = false;

  constructor(options: RefusalsOptions) {
    this.#options = options;
    this.#holdoff = new Holdoff({ clock: options.clock, quietMs, maxMs }, () => this.#look());
  }

  /** What is refused, sorted. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** To be told of what proxies say. */
  get observer(): Required<Pick<XdsObserver, 'rejected' | 'acknowledged' | 'disconnected'>> {
    return {
      rejected: ({ rejected }) => {
        if (rejected === undefined) return;
        this.#isAny = true;
        this.#holdoff.touch();
      },
      acknowledged: () => this.#mayBeMended(),
      disconnected: () => this.#mayBeMended(),
    };
  }

  /** Says that proxies of other replicas refuse something else than before, which is looked at at once. */
  othersChanged(): void {
    this.#look();
  }

  /** Ends it: nobody is told of anything after. */
  stop(): void {
    this.#holdoff.stop();
  }

  #mayBeMended(): void {
    if (this.#isAny) this.#holdoff.touch();
  }

  #look(): void {
    const { rejections, others = () => [], uidOf, onChange } = this.#options;
    const refused = [...refusedOf(rejections()), ...others()];
    this.#isAny = refused.length > 0;
    const problems = refusedOfServices(refused, uidOf);
    if (isDeepStrictEqual(problems, this.#problems)) return;
    this.#problems = problems;
    onChange();
  }
}
