// What is handed out to services, kept in step with what they want and with what the cluster has on record.

import type { Allocation } from './compose.ts';
import { serviceOf, type PortKey, type ServiceKey } from './key.ts';
import { setOrDelete } from './maps.ts';
import { blocksLast, type ByTraffic, type PortRanges } from './ports.ts';
import { RecordBook } from './record-book.ts';
import { sharedKey, type Places, type Recorded, type SharedPorts } from './recorded.ts';
import { SlotTable, type NumberRange } from './slots.ts';
import type { ServicePort } from './topology.ts';

/** Numbers whose rest ends. */
export interface Released {
  readonly ports: ByTraffic<Iterable<number>>;
  readonly addresses: Iterable<number>;
}

/** An allocation that is kept in step. */
export interface LiveAllocation extends Allocation {
  readonly ports: ByTraffic<SlotTable>;
  readonly addresses: SlotTable;
}

/** Where numbers may be taken from. */
export interface AllocatorRanges {
  readonly ports: PortRanges;
  /** Undefined where services have no address of their own. */
  readonly addresses: NumberRange | undefined;
}

type WantedPort = Pick<ServicePort, 'traffic' | 'key'>;

/** Hands out mesh ports and addresses: it is told what changes, and {@link settle} says what comes of it. */
export class Allocator {
  readonly #ranges: AllocatorRanges;
  readonly #ports: ByTraffic<SlotTable>;
  readonly #addresses: SlotTable;
  readonly #wanted = new Map<ServiceKey, readonly WantedPort[]>();
  #book: RecordBook | undefined;
  #unread: { readonly recorded: Recorded; readonly keys: Set<PortKey> } | undefined;
  #allocation: LiveAllocation;

  /** Begins with what was handed out before. */
  constructor(ranges: AllocatorRanges, { ports, addresses }: Allocation) {
    this.#ranges = ranges;
    this.#ports = {
      http: new SlotTable(ports.http),
      tcp: new SlotTable(ports.tcp),
      udp: new SlotTable(ports.udp),
    };
    this.#addresses = new SlotTable(addresses);
    this.#allocation = { ports: this.#ports, addresses: this.#addresses };
  }

  /** What is handed out now: another reference whenever something is, though its tables are the same ones each time. */
  get allocation(): LiveAllocation {
    return this.#allocation;
  }

  /** Where service ports are on record; undefined where no record is kept. The map is the same one each time. */
  get places(): ReadonlyMap<PortKey, Places> | undefined {
    return this.#book?.places;
  }

  /** HTTP mesh ports that several service ports have on record, or that some are moving from. */
  get shared(): SharedPorts {
    return this.#book?.shared ?? new Map();
  }

  /** Service ports for which no mesh port is left. */
  *missingPorts(): Generator<PortKey> {
    for (const table of Object.values(this.#ports)) yield* table.missing;
  }

  /** Services for which no address is left. */
  get missingAddresses(): Iterable<ServiceKey> {
    return this.#addresses.missing;
  }

  /** Says which ports a service has now; undefined: it is gone. Returns whether they are others than before. */
  want(service: ServiceKey, ports: readonly WantedPort[] | undefined): boolean {
    const before = this.#wanted.get(service);
    const after = ports?.map(({ traffic, key }) => ({ traffic, key }));
    if (isSameWant(before, after)) return false;
    for (const { traffic, key } of before ?? []) this.#ports[traffic].unwant(key);
    for (const { traffic, key } of after ?? []) this.#ports[traffic].want(key);
    setOrDelete(this.#wanted, service, after);
    if (after === undefined) this.#addresses.unwant(service);
    else if (this.#ranges.addresses !== undefined) this.#addresses.want(service);
    return true;
  }

  /** Says what is on record; keys: of which service ports it may be something else than before, all by default. */
  record(recorded: Recorded, keys?: Iterable<PortKey>): void {
    this.#book ??= new RecordBook(this.#ranges.ports);
    const unread = this.#unread?.keys ?? new Set();
    for (const key of keys ?? [...this.#book.keys(), ...recorded.ports.keys()]) unread.add(key);
    this.#unread = { recorded, keys: unread };
  }

  /**
   * Ends the rest of ports and addresses that no proxy serves any more.
   *
   * @returns whether something is missing that {@link settle} may find now.
   */
  release({ ports, addresses }: Released): boolean {
    const isAny = [
      this.#ports.http.release(ports.http),
      this.#ports.tcp.release(ports.tcp),
      this.#ports.udp.release(ports.udp),
      this.#addresses.release(addresses),
    ].includes(true);
    if (isAny) this.#renew();
    return isAny && [this.#addresses, ...Object.values(this.#ports)].some(({ missing }) => missing.size > 0);
  }

  /** Hands out what is wanted. Returns the services to which something else may be handed out than before. */
  settle(): ReadonlySet<ServiceKey> {
    const recorded = this.#read();
    const { addresses, ports } = this.#ranges;
    // What leaves a shared port goes to another block: the routes of its own, which are all theirs, stay as they are.
    const changed = [
      this.#ports.http.settle(blocksLast(ports.http, this.shared.keys())),
      this.#ports.tcp.settle(ports.tcp),
      this.#ports.udp.settle(ports.udp),
    ];
    const moved = this.#addresses.settle(addresses === undefined ? [] : [addresses]);
    if ([moved, ...changed].some(({ size }) => size > 0)) this.#renew();
    const services = new Set(moved);
    for (const keys of [recorded, ...changed]) for (const key of keys) services.add(serviceOf(key));
    return services;
  }

  /** Takes in what is on record. Returns the service ports for which that makes a difference. */
  #read(): ReadonlySet<PortKey> {
    if (this.#book === undefined || this.#unread === undefined) return new Set();
    const { recorded, keys } = this.#unread;
    this.#unread = undefined;
    const change = this.#book.update(recorded, keys);
    for (const { traffic, port, owner } of change.claims) {
      const table = this.#ports[traffic];
      table.claim(port, owner);
      if (owner === sharedKey(port)) table.want(owner);
      else table.unwant(sharedKey(port));
    }
    return change.keys;
  }

  #renew(): void {
    this.#allocation = { ports: { ...this.#ports }, addresses: this.#addresses };
  }
}

function isSameWant(a: readonly WantedPort[] | undefined, b: readonly WantedPort[] | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return a === b;
  return a.every(({ traffic, key }, index) => traffic === b[index]?.traffic && key === b[index].key);
}
