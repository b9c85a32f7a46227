// The receiving end of a source, for tests: keeps what was offered, and holds every offer to the source's contract.

import assert from 'node:assert/strict';
import type { Kind, KubeObject } from '../../src/model/objects.ts';
import type { Offer } from '../../src/model/offer.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { Source } from '../../src/source/source.ts';

const waitMs = 15_000;

/** A source that runs, and what it has offered. */
export class OfferRecorder implements AsyncDisposable {
  /** Every offer so far. */
  readonly offers: Offer[] = [];
  /** What is there after the last offer: `Kind namespace/name` → object. */
  readonly objects: Map<string, KubeObject> = new Map();
  /** The problems of the last offer. */
  problems: readonly Problem[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #watchers = new Set<() => void>();
  #isReceiving = false;
  #violation: Error | undefined;

  constructor(source: Source) {
    this.#running = source.run((offer) => this.#receive(offer), this.#stop.signal);
    // Whoever waits hears of a failure by `stop` or `when`; it is not unhandled.
    this.#running.catch(() => {});
  }

  /** Runs a source, up to its first offer. */
  static async start(source: Source): Promise<OfferRecorder> {
    const recorder = new OfferRecorder(source);
    await recorder.when('the first offer', () => recorder.offers.length > 0);
    return recorder;
  }

  /** The object of this kind and key now. */
  object(kind: Kind, key: string): KubeObject | undefined {
    return this.objects.get(`${kind} ${key}`);
  }

  /** `Kind namespace/name` of each object there is, sorted. */
  get names(): string[] {
    return [...this.objects.keys()].toSorted();
  }

  /** The codes of the problems there are. */
  get codes(): string[] {
    return this.problems.map(({ code }) => code);
  }

  /** Waits until a condition holds, asking again after each offer. */
  async when(what: string, condition: () => boolean): Promise<void> {
    let look = (): void => {};
    let timeout: NodeJS.Timeout | undefined;
    const held = new Promise<void>((resolve, reject) => {
      look = () => {
        if (this.#violation !== undefined) reject(this.#violation);
        else if (condition()) resolve();
      };
      const state = (): string => `${this.names.join(', ')}; ${this.codes.join(', ')}`;
      const late = (): void => reject(new Error(`Waited in vain for ${what}; there is: ${state()}`));
      timeout = setTimeout(late, waitMs);
    });
    this.#watchers.add(look);
    look();
    try {
      await Promise.race([held, this.#ended()]);
    } finally {
      clearTimeout(timeout);
      this.#watchers.delete(look);
    }
  }

  /** Ends the source, and waits until it has. Rejects where it fails or broke its contract. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#violation !== undefined) throw this.#violation;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #ended(): Promise<never> {
    await this.#running;
    throw new Error('The source has ended');
  }

  #receive(offer: Offer): void {
    try {
      assert.equal(this.#isReceiving, false, 'An offer came within another');
      this.#isReceiving = true;
      this.#take(offer);
      for (const look of this.#watchers) look();
    } catch (error) {
      this.#violation ??= error instanceof Error ? error : new Error(String(error));
      for (const look of this.#watchers) look();
    } finally {
      this.#isReceiving = false;
    }
  }

  #take(offer: Offer): void {
    assert.equal(this.#stop.signal.aborted, false, 'An offer came after the end');
    const isNew = this.offers.length === 0 || offer.changes.length > 0 || offer.problems !== this.problems;
    assert.ok(isNew, 'An offer had nothing new');
    const keys = new Set<string>();
    for (const { kind, key, object } of offer.changes) {
      const name = `${kind} ${key}`;
      assert.equal(keys.has(name), false, `${name} stands twice in an offer`);
      keys.add(name);
      const before = this.objects.get(name);
      assert.notDeepEqual(content(object), content(before), `${name} was offered without having changed`);
      if (object === undefined) this.objects.delete(name);
      else {
        assert.deepEqual([object.kind, `${object.namespace}/${object.name}`], [kind, key]);
        this.objects.set(name, object);
      }
    }
    this.problems = offer.problems;
    this.offers.push(offer);
  }
}

/** An object without its origin, which is not part of what it says. */
export function content(object: KubeObject | undefined): unknown {
  if (object === undefined) return undefined;
  const { origin: _, ...rest } = object;
  return rest;
}
