// Who has which mesh port on record, and what follows from it where several have the same one: the original's HTTP
// services all had, told apart by Host, and so they are served until each has moved to a port of its own.

import { serviceOf, type PortKey, type ServiceKey } from './key.ts';
import { addTo, removeFrom, setOrDelete } from './maps.ts';
import type { ByTraffic, PortRanges } from './ports.ts';
import { entryOf, isSameEntry, type RecordEntry } from './record-entry.ts';
import { firstOf, RecordPage, type Role, type Standing } from './record-page.ts';
import type { Places, Recorded, SharedPorts } from './recorded.ts';
import type { SharedPort, TrafficType } from './topology.ts';

/** What came of a change of the record. */
export interface RecordChange {
  /** Service ports of which something else is on record, or that are served elsewhere. */
  readonly keys: ReadonlySet<PortKey>;
  /** Mesh ports that may belong to another key. */
  readonly claims: readonly Claim[];
}

/** To whom a mesh port belongs. */
export type Claim = Pick<RecordPage, 'traffic' | 'port'> & Pick<Standing, 'owner'>;

/**
 * What the record comes to, kept in step with it. A mesh port that one service port has belongs to it; a port that lies in
 * no range of its protocol is passed over. One that rests is nobody's, whoever else still has it. Where several have one,
 *
 * - for HTTP it belongs to nobody, and is served for each of them by Host, as is one from which a service port is moving
 *   even if no other has it any more. Of several ports of one service it is the one that sorts first;
 * - for TCP and UDP, where nothing tells for whom a call is, it belongs to the one that sorts first, and is served for
 *   nobody until the others have moved: a refused call is better than one that reaches another service.
 *
 * A shared port that callers have left goes on being served for those that had it at the last update, until none has it on
 * record: else the routes of thousands would change each time when one of them is through with its move.
 */
export class RecordBook {
  readonly #ranges: PortRanges;
  readonly #entries = new Map<PortKey, RecordEntry>();
  /** The keys of the entries, by service. */
  readonly #keysOf = new Map<ServiceKey, Set<PortKey>>();
  readonly #pages: ByTraffic<Map<number, RecordPage>> = { http: new Map(), tcp: new Map(), udp: new Map() };
  readonly #places = new Map<PortKey, Places>();
  readonly #shared = new Map<number, SharedPort>();
  #changed = new Set<PortKey>();

  constructor(ranges: PortRanges) {
    this.#ranges = ranges;
  }

  /** What has a place on record; a service port without one is served nowhere. The map is the same one each time. */
  get places(): ReadonlyMap<PortKey, Places> {
    return this.#places;
  }

  /** HTTP mesh ports that belong to nobody because several have them. The map is the same one each time. */
  get shared(): SharedPorts {
    return this.#shared;
  }

  /** The service ports that it knows to be on record. */
  keys(): Iterable<PortKey> {
    return this.#entries.keys();
  }

  /** Takes in what is on record of these service ports now. */
  update(recorded: Recorded, keys: Iterable<PortKey>): RecordChange {
    const touched = new Map<RecordPage, Set<ServiceKey>>();
    for (const key of keys) {
      const before = this.#entries.get(key);
      const after = entryOf(key, recorded, this.#ranges);
      if (isSameEntry(before, after)) continue;
      const service = serviceOf(key);
      for (const [page, role] of this.#pagesOf(before)) {
        page.remove(key, role);
        addTo(touched, page, service);
      }
      for (const [page, role] of this.#pagesOf(after)) {
        page.add(key, role);
        addTo(touched, page, service);
      }
      setOrDelete(this.#entries, key, after);
      if (after === undefined) removeFrom(this.#keysOf, service, key);
      else addTo(this.#keysOf, service, key);
      this.#changed.add(key);
    }
    const claims = Array.from(touched, ([page, services]) => this.#settle(page, services));
    const changed = this.#changed;
    this.#changed = new Set();
    return { keys: changed, claims };
  }

  /** The mesh ports that an entry names: while a service port moves, both ends. */
  #pagesOf(entry: RecordEntry | undefined): readonly (readonly [RecordPage, Role])[] {
    if (entry === undefined) return [];
    const { traffic, own, from, target } = entry;
    const at = (port: number, isLeaving: boolean): readonly [RecordPage, Role] => [
      this.#page(traffic, port),
      { isLeaving, isTarget: port === target },
    ];
    return from === undefined ? [at(own, false)] : [at(own, false), at(from, true)];
  }

  #page(traffic: TrafficType, port: number): RecordPage {
    const page = this.#pages[traffic].get(port) ?? new RecordPage(traffic, port);
    this.#pages[traffic].set(port, page);
    return page;
  }

  /** Says anew what a mesh port is to those who have it, of which something changed for these services. */
  #settle(page: RecordPage, services: ReadonlySet<ServiceKey>): Claim {
    const { traffic, port } = page;
    const { owner, alone, shared } = page.standing;
    this.#setAlone(page, alone);
    if (traffic === 'http') this.#share(page, { shared, services });
    if (page.keys.size === 0) this.#pages[traffic].delete(port);
    return { traffic, port, owner };
  }

  #setAlone(page: RecordPage, key: PortKey | undefined): void {
    const { port, aloneBefore: before } = page;
    if (before === key) return;
    page.aloneBefore = key;
    // It may have got another one already.
    if (before !== undefined && this.#placesOf(before).own === port) this.#place(before, { own: undefined });
    if (key !== undefined) this.#place(key, { own: port });
  }

  #share(
    page: RecordPage,
    {
      shared,
      services,
    }: { readonly shared: SharedPort | undefined; readonly services: Iterable<ServiceKey> },
  ): void {
    const { port, keys, served } = page;
    const before = this.#shared.get(port);
    if (before === undefined && shared === undefined) return;
    if (before?.isLeft === shared?.isLeft) {
      for (const service of services)
        this.#serve(page, service, before?.isLeft ? served.get(service) : undefined);
      return;
    }
    setOrDelete(this.#shared, port, shared);
    for (const key of keys) this.#changed.add(key);
    const all = new Set([...served.keys(), ...Array.from(keys, serviceOf)]);
    for (const service of all) this.#serve(page, service);
  }

  /** Says anew which port of a service is served on a shared mesh port: of those that have it, or have had it. */
  #serve({ port, keys, served }: RecordPage, service: ServiceKey, hadIt?: PortKey): void {
    const shared = this.#shared.get(port);
    const before = served.get(service);
    const having = [...(this.#keysOf.get(service) ?? [])].filter((key) => keys.has(key));
    const after = shared && firstOf(hadIt === undefined ? having : [...having, hadIt]);
    setOrDelete(served, service, after);
    if (before !== undefined && before !== after) this.#shareWith(before, port, undefined);
    if (after !== undefined) this.#shareWith(after, port, shared);
  }

  #shareWith(key: PortKey, port: number, shared: SharedPort | undefined): void {
    const others = this.#placesOf(key).shared.filter((each) => each.port !== port);
    const all = shared === undefined ? others : [...others, shared].toSorted((a, b) => a.port - b.port);
    this.#place(key, { shared: all });
  }

  #placesOf(key: PortKey): Places {
    return this.#places.get(key) ?? nowhere;
  }

  #place(key: PortKey, part: Partial<Places>): void {
    const places = { ...this.#placesOf(key), ...part };
    const isNowhere = places.own === undefined && places.shared.length === 0;
    setOrDelete(this.#places, key, isNowhere ? undefined : places);
    this.#changed.add(key);
  }
}

const nowhere: Places = { own: undefined, shared: [] };
