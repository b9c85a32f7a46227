// Since when freed ports and addresses rest: each until every connected proxy has acknowledged a snapshot without it, and
// then for as long as callers may still hold on to it (connections that proxies let end, answers of DNS).

import type { Released } from '../model/allocator.ts';
import type { Allocation } from '../model/compose.ts';
import type { Clock } from '../runtime/clock.ts';

interface Rest {
  /** The first snapshot that was published without it. */
  readonly since: number;
  /** When every proxy had acknowledged that snapshot, by the clock; undefined before. */
  settledAt: number | undefined;
}

/** The resting numbers of an allocation. */
export class RestingNumbers {
  readonly #clock: Clock;
  readonly #restMs: number;
  /** By kind and number. */
  readonly #rests = new Map<string, Rest>();

  /** @param restMs - how long a number rests after no proxy knows it any more, in milliseconds. */
  constructor(clock: Clock, restMs: number) {
    this.#clock = clock;
    this.#restMs = restMs;
  }

  /** Says that a snapshot made with this allocation was published. */
  published(allocation: Allocation, sequence: number): void {
    const resting = new Set<string>();
    for (const kind of ['http', 'tcp', 'udp'] as const) {
      for (const port of allocation.ports[kind].resting) resting.add(`${kind} ${port}`);
    }
    for (const address of allocation.addresses.resting) resting.add(`address ${address}`);
    for (const id of this.#rests.keys()) if (!resting.has(id)) this.#rests.delete(id);
    for (const id of resting) {
      if (!this.#rests.has(id)) this.#rests.set(id, { since: sequence, settledAt: undefined });
    }
  }

  /** Says up to which snapshot all proxies are. */
  settled(sequence: number): void {
    const now = this.#clock.now();
    for (const rest of this.#rests.values()) if (rest.since <= sequence) rest.settledAt ??= now;
  }

  /** When {@link take} has something next, by the clock; undefined where nothing waits for time alone. */
  get dueAt(): number | undefined {
    // In the order in which they were freed, which is the one in which they settle.
    const first = this.#rests.values().next().value?.settledAt;
    return first === undefined ? undefined : first + this.#restMs;
  }

  /** Takes out what need not rest any more; undefined where nothing. */
  take(): Released | undefined {
    const now = this.#clock.now();
    const released: Record<string, number[]> = { http: [], tcp: [], udp: [], address: [] };
    let isAny = false;
    for (const [id, { settledAt }] of this.#rests) {
      if (settledAt === undefined || settledAt + this.#restMs > now) break;
      const [kind = '', number = ''] = id.split(' ');
      released[kind]?.push(Number(number));
      this.#rests.delete(id);
      isAny = true;
    }
    if (!isAny) return undefined;
    const { http = [], tcp = [], udp = [], address = [] } = released;
    return { ports: { http, tcp, udp }, addresses: address };
  }
}
