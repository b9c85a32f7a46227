// How long each resting mesh port rests yet: until all proxies have acknowledged what they were told when it had begun to
// rest, and then for a time.

import { compareVersions } from '../kube/versions.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RestingPort } from './resting-ports.ts';

/** What a shadow Service says of its resting ports. */
export interface RestingIn {
  readonly name: string;
  readonly resourceVersion: string;
  readonly resting: readonly RestingPort[];
}

interface Rest {
  /** Version of the shadow Service that said so first. */
  readonly version: string;
  /** When all proxies had acknowledged that version, by the clock; undefined before. */
  settledAt: number | undefined;
  isTold: boolean;
}

/**
 * The rests of mesh ports on record. Whoever begins to lead begins with none: what it finds on record rests its whole time
 * once more.
 */
export class Rests {
  readonly #clock: Clock;
  readonly #restMs: number;
  /** By the name of the shadow Service. */
  readonly #rests = new Map<string, ReadonlyMap<RestingPort, Rest>>();

  /** @param restMs - how long a port rests after no proxy knows whose it was, in milliseconds. */
  constructor(clock: Clock, restMs: number) {
    this.#clock = clock;
    this.#restMs = restMs;
  }

  /** Whether nothing rests. */
  get isEmpty(): boolean {
    return this.#rests.size === 0;
  }

  /** Takes in what a shadow Service says now, the latest version each time; one that is gone has no resting ports. */
  see({ name, resourceVersion, resting }: RestingIn): void {
    const before = this.#rests.get(name);
    if (resting.length === 0) this.#rests.delete(name);
    else {
      const begin = (): Rest => ({ version: resourceVersion, settledAt: undefined, isTold: false });
      this.#rests.set(name, new Map(resting.map((port) => [port, before?.get(port) ?? begin()])));
    }
  }

  /** Says up to which version of shadow Services all proxies have acknowledged what they are told. */
  settled(through: string): void {
    const now = this.#clock.now();
    for (const rests of this.#rests.values()) {
      for (const rest of rests.values()) if (isThrough(rest.version, through)) rest.settledAt ??= now;
    }
  }

  /** Whether a port need not rest any more. */
  isOver(name: string, port: RestingPort): boolean {
    const settledAt = this.#rests.get(name)?.get(port)?.settledAt;
    return settledAt !== undefined && settledAt + this.#restMs <= this.#clock.now();
  }

  /** Names of the shadow Services of which a port need not rest any more, each port counted once. */
  takeOver(): readonly string[] {
    const names: string[] = [];
    for (const [name, rests] of this.#rests) {
      const over = rests.entries().filter(([port, { isTold }]) => !isTold && this.isOver(name, port));
      const ended = [...over];
      for (const [, rest] of ended) rest.isTold = true;
      if (ended.length > 0) names.push(name);
    }
    return names;
  }
}

/** Versions without an order are not known to have been passed: their ports rest on. */
function isThrough(version: string, through: string): boolean {
  const order = compareVersions(version, through);
  return order !== undefined && order <= 0;
}
