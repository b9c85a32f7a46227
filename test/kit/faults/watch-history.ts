// What clients of one watch were told, so that it can be told again as a real server might: nothing that did not happen,
// and no object without its latest state.

import type { WatchEvent } from '../kube-objects.ts';
import type { Random } from '../mutations/random.ts';

/** An event as it came, a line of JSON without its line feed. */
interface ToldEvent {
  readonly line: string;
  readonly uid: string;
  readonly revision: bigint;
}

const longest = 1_000;

/** The last 1,000 events of one collection, without a gap. */
export class WatchHistory {
  #events: ToldEvent[] = [];
  /** There is no gap from here to {@link #end}; undefined before anything is known. */
  #begin: bigint | undefined;
  #end = 0n;

  /** A watch begins behind a revision. If that is one that was never told of, what was told before has a gap. */
  begin(revision: bigint): void {
    if (this.#begin !== undefined && revision <= this.#end) return;
    this.#events = [];
    this.#begin = revision;
    this.#end = revision;
  }

  /** A client was told of an event or a bookmark. Those that another client was told of already change nothing. */
  add(line: string, { type, object }: WatchEvent): void {
    const revision = BigInt(object.metadata.resourceVersion ?? 0);
    if (type === 'ERROR' || this.#begin === undefined || revision <= this.#end) return;
    this.#end = revision;
    if (type === 'BOOKMARK') return;
    this.#events.push({ line, uid: object.metadata.uid ?? '', revision });
    if (this.#events.length <= longest) return;
    const [dropped] = this.#events.splice(0, 1);
    this.#begin = dropped?.revision ?? this.#begin;
  }

  /**
   * The lines of the last events up to a revision, in an order by chance in which each object's own events keep theirs.
   * None where the revision lies before all that is known.
   */
  upTo(revision: bigint, { events, random }: { readonly events: number; readonly random: Random }): string[] {
    if (events === 0 || this.#begin === undefined || revision < this.#begin) return [];
    const told = this.#events.filter((each) => each.revision <= revision).slice(-events);
    const histories = [...Map.groupBy(told, ({ uid }) => uid).values()];
    const lines: string[] = [];
    while (lines.length < told.length) {
      const next = random.pick(histories.filter(({ length }) => length > 0)).shift();
      if (next !== undefined) lines.push(next.line);
    }
    return lines;
  }
}
