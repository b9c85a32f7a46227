// Since when freed ports and addresses rest: each until every connected proxy has acknowledged a snapshot without it.

import type { Released } from '../model/build.ts';
import type { Allocation } from '../model/compose.ts';

/** The resting numbers of an allocation, each with the first snapshot that was published without it. */
export class RestingNumbers {
  /** Kind and number → sequence of that snapshot. */
  readonly #since = new Map<string, number>();

  /** Says that a snapshot made with this allocation was published. */
  published(allocation: Allocation, sequence: number): void {
    const resting = new Set<string>();
    for (const kind of ['http', 'tcp', 'udp'] as const) {
      for (const port of allocation.ports[kind].resting) resting.add(`${kind} ${port}`);
    }
    for (const address of allocation.addresses.resting) resting.add(`address ${address}`);
    for (const id of this.#since.keys()) if (!resting.has(id)) this.#since.delete(id);
    for (const id of resting) if (!this.#since.has(id)) this.#since.set(id, sequence);
  }

  /** Says up to which snapshot all proxies are, and takes out what need not rest any more; undefined where nothing. */
  settled(sequence: number): Released | undefined {
    const released: Record<string, number[]> = { http: [], tcp: [], udp: [], address: [] };
    let isAny = false;
    for (const [id, since] of this.#since) {
      if (since > sequence) continue;
      const [kind = '', number = ''] = id.split(' ');
      released[kind]?.push(Number(number));
      this.#since.delete(id);
      isAny = true;
    }
    if (!isAny) return undefined;
    const { http = [], tcp = [], udp = [], address = [] } = released;
    return { ports: { http, tcp, udp }, addresses: address };
  }
}
