// Requests without end: each target is asked again and again while a test does something else, and every failure is
// remembered with its time.

import { setTimeout as delay } from 'node:timers/promises';
import { until } from './until.ts';

/** Something that is asked again and again. */
export interface Target {
  readonly name: string;
  /** Asks once. Rejects where the answer is not as it should be. */
  ask(): Promise<void>;
}

/** A request that did not get what it should have. Times are those of `performance.now()`. */
export interface Failure {
  readonly target: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly message: string;
}

/** A time without a good answer: from the start of the first request that failed to that of the next good one. */
export interface Outage {
  readonly target: string;
  readonly from: number;
  /** Infinity while it goes on. */
  readonly until: number;
}

export interface TrafficLoadOptions {
  /**
   * Pause between an answer and the next request to the same target, in milliseconds; 4 by default. It is that on
   * average: targets that all keep time would ask all at once.
   */
  readonly pauseMs?: number;
}

/** Failures that are remembered; a test that has more fails anyway. */
const maxFailures = 1000;

/** Asks all its targets, each on its own, until it is stopped. */
export class TrafficLoad implements AsyncDisposable {
  readonly failures: Failure[] = [];
  readonly outages: Outage[] = [];
  readonly #answers = new Map<string, number>();
  readonly #failing = new Map<string, number>();
  readonly #loops: readonly Promise<void>[];
  readonly #pauseMs: number;
  #durations: number[] = [];
  #count = 0;
  /** Resolves with the next answer. */
  #next = Promise.withResolvers<void>();
  #isStopped = false;

  /** Begins at once. */
  constructor(targets: readonly Target[], { pauseMs = 4 }: TrafficLoadOptions = {}) {
    this.#pauseMs = pauseMs;
    for (const { name } of targets) this.#answers.set(name, 0);
    this.#loops = targets.map((target) => this.#loop(target));
  }

  /** Requests so far, failed ones included. */
  get count(): number {
    return this.#count;
  }

  /** Outages that have not ended. */
  get openOutages(): readonly Outage[] {
    return [...this.#failing].map(([target, from]) => ({ target, from, until: Infinity }));
  }

  /** Waits until so many more requests have been answered, good or bad. Each has a time limit of its own. */
  async more(count: number): Promise<void> {
    const goal = this.#count + count;
    while (this.#count < goal) {
      await this.#next.promise;
    }
  }

  /** Waits until every target has given so many more good answers. */
  async moreOfEach(count: number, withinMs?: number): Promise<void> {
    const goals = new Map([...this.#answers].map(([name, answers]) => [name, answers + count]));
    await until(
      `${count} more good answers of each target`,
      () => {
        const behind = [...goals].filter(([name, goal]) => (this.#answers.get(name) ?? 0) < goal);
        if (behind.length === 0) return true;
        throw new Error(`${behind.map(([name]) => name).join(', ')}: ${this.failures.at(-1)?.message ?? ''}`);
      },
      withinMs,
    );
  }

  /** Time that requests took, in milliseconds: the share of them that took no longer, such as 0.99. */
  quantileMs(share: number): number {
    const sorted = this.#durations.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }

  /** Ends every target and waits for the last answers. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #loop(target: Target): Promise<void> {
    while (!this.#isStopped) {
      await this.#ask(target);
      await delay(this.#pauseMs * (0.5 + Math.random()));
    }
  }

  async #ask(target: Target): Promise<void> {
    const startedAt = performance.now();
    try {
      await target.ask();
      this.#succeed(target.name, startedAt);
    } catch (error) {
      if (!this.#failing.has(target.name)) this.#failing.set(target.name, startedAt);
      const message = error instanceof Error ? error.message : String(error);
      if (this.failures.length < maxFailures) {
        this.failures.push({ target: target.name, startedAt, endedAt: performance.now(), message });
      }
    }
    this.#durations.push(performance.now() - startedAt);
    if (this.#durations.length > 200_000) this.#durations = this.#durations.slice(100_000);
    this.#count += 1;
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  #succeed(target: string, startedAt: number): void {
    this.#answers.set(target, (this.#answers.get(target) ?? 0) + 1);
    const from = this.#failing.get(target);
    if (from === undefined) return;
    this.#failing.delete(target);
    this.outages.push({ target, from, until: startedAt });
  }
}
