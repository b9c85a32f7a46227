// How long each resting mesh port rests yet: until all proxies have acknowledged what they were told when it had begun to
// rest, and then for a time.

import { compareVersions } from '../kube/versions.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RestingPort } from './resting-ports.ts';

/** The record of resting ports, as it is at one version. */
export interface RestRecord {
  readonly resourceVersion: string;
  readonly resting: readonly RestingPort[];
}

interface Rest {
  /** Version of the record that said so first. */
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
  #rests: ReadonlyMap<RestingPort, Rest> = new Map();

  /** @param restMs - how long a port rests after no proxy knows whose it was, in milliseconds. */
  constructor(clock: Clock, restMs: number) {
    this.#clock = clock;
    this.#restMs = restMs;
  }

  /** Whether nothing rests. */
  get isEmpty(): boolean {
    return this.#rests.size === 0;
  }

  /** Takes in what the record says now, the latest version each time. */
  see({ resourceVersion, resting }: RestRecord): void {
    const before = this.#rests;
    const begin = (): Rest => ({ version: resourceVersion, settledAt: undefined, isTold: false });
    this.#rests = new Map(resting.map((port) => [port, before.get(port) ?? begin()]));
  }

  /** Says up to which version of shadow Services all proxies have acknowledged what they are told. */
  settled(through: string): void {
    const now = this.#clock.now();
    for (const rest of this.#rests.values()) if (isThrough(rest.version, through)) rest.settledAt ??= now;
  }

  /** Whether a port need not rest any more. */
  isOver(port: RestingPort): boolean {
    const settledAt = this.#rests.get(port)?.settledAt;
    return settledAt !== undefined && settledAt + this.#restMs <= this.#clock.now();
  }

  /** Ports that need not rest any more, each told once. */
  takeOver(): readonly RestingPort[] {
    const over = [...this.#rests].filter(([port, { isTold }]) => !isTold && this.isOver(port));
    for (const [, rest] of over) rest.isTold = true;
    return over.map(([port]) => port);
  }
}

/** Versions without an order are not known to have been passed: their ports rest on. */
function isThrough(version: string, through: string): boolean {
  const order = compareVersions(version, through);
  return order !== undefined && order <= 0;
}
