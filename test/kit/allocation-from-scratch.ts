// What mesh ports on record come to, and what is handed out then, from scratch: what a model that goes along with changes
// has to come to as well.

import { byText, serviceOf, type PortKey, type ServiceKey } from '../../src/model/key.ts';
import { blockOf, type ByTraffic, type PortRange, type PortRanges } from '../../src/model/ports.ts';
import {
  sharedKey,
  type Places,
  type PortMove,
  type Recorded,
  type SharedPorts,
} from '../../src/model/recorded.ts';
import type { NumberRange, Slots } from '../../src/model/slots.ts';
import type { SharedPort, TrafficType } from '../../src/model/topology.ts';

/** What the record comes to. */
export interface Claims {
  /** What has a place on record; a service port without one is served nowhere. */
  readonly places: ReadonlyMap<PortKey, Places>;
  /** To whom mesh ports belong. */
  readonly owners: ByTraffic<ReadonlyMap<number, PortKey>>;
  /** HTTP mesh ports that belong to nobody because several have them. */
  readonly shared: SharedPorts;
}

/**
 * Says what a record comes to. A mesh port that one service port has belongs to it; a port that lies in no range of its
 * protocol is passed over. One that rests is nobody's, whoever else still has it. Where several have one,
 *
 * - for HTTP it belongs to nobody, and is served for each of them by Host, as is one from which a service port is moving
 *   even if no other has it any more. Of several ports of one service it is the one that sorts first;
 * - for TCP and UDP, where nothing tells for whom a call is, it belongs to the one that sorts first, and is served for
 *   nobody until the others have moved: a refused call is better than one that reaches another service.
 *
 * A shared port that callers have left goes on being served for those that had it `before`, until none has it on record:
 * else the routes of thousands would change each time when one of them is through with its move.
 */
export function claimsOf({ ports, moves }: Recorded, ranges: PortRanges, before?: Claims): Claims {
  const claims: ByTraffic<Map<number, Claim>> = { http: new Map(), tcp: new Map(), udp: new Map() };
  const claim = (traffic: TrafficType, port: number): Claim => {
    const known = claims[traffic].get(port) ?? { traffic, port, keys: [], isShared: false, isTarget: false };
    claims[traffic].set(port, known);
    return known;
  };
  for (const [key, target] of ports) {
    const traffic = trafficOf(key, target, ranges);
    if (traffic === undefined) continue;
    const move = validMove(moves.get(key), { key, target, ranges });
    const own = claim(traffic, move?.to ?? target);
    own.keys.push(key);
    if (own.keys.length > 1) own.isShared = true;
    if (move !== undefined) {
      const from = claim(traffic, move.from);
      from.keys.push(key);
      from.isShared = true;
    }
    claim(traffic, target).isTarget = true;
  }
  if (before !== undefined) keepLeft(claims.http, before);
  return settle([...claims.http.values(), ...claims.tcp.values(), ...claims.udp.values()]);
}

function keepLeft(claims: ReadonlyMap<number, Claim>, before: Claims): void {
  const keysOf = new Map<number, Set<PortKey>>();
  for (const { port, keys, isShared, isTarget } of claims.values()) {
    if (isShared && !isTarget && before.shared.get(port)?.isLeft === true) keysOf.set(port, new Set(keys));
  }
  if (keysOf.size === 0) return;
  for (const [key, { shared }] of before.places) {
    for (const { port } of shared) {
      if (keysOf.get(port)?.has(key) === false) claims.get(port)?.keys.push(key);
    }
  }
}

interface Claim {
  readonly traffic: TrafficType;
  readonly port: number;
  readonly keys: PortKey[];
  isShared: boolean;
  /** Whether callers of any of them are sent there. */
  isTarget: boolean;
}

function settle(claims: Iterable<Claim>): Claims {
  const places = new Map<PortKey, { own: number | undefined; shared: SharedPort[] }>();
  const owners = { http: new Map<number, PortKey>(), tcp: new Map(), udp: new Map() };
  const shared = new Map<number, SharedPort>();
  const placesOf = (key: PortKey) => {
    const known = places.get(key) ?? { own: undefined, shared: [] };
    places.set(key, known);
    return known;
  };
  for (const { traffic, port, keys, isShared, isTarget } of claims) {
    const rest = keys.find((key) => key.startsWith('/resting/'));
    if (rest !== undefined) {
      owners[traffic].set(port, rest);
      continue;
    }
    if (!isShared || traffic !== 'http') owners[traffic].set(port, first(keys));
    if (!isShared) {
      for (const key of keys) placesOf(key).own = port;
    } else if (traffic === 'http') {
      const made = { port, isLeft: !isTarget };
      shared.set(port, made);
      for (const key of oneOfEachService(keys)) placesOf(key).shared.push(made);
    }
  }
  for (const place of places.values()) if (place.shared.length > 1) place.shared.sort(byPort);
  return { places, owners, shared };
}

/** A move counts where callers are sent to one of its two ends, and both are ports for HTTP. */
function validMove(
  move: PortMove | undefined,
  { key, target, ranges }: { readonly key: PortKey; readonly target: number; readonly ranges: PortRanges },
): PortMove | undefined {
  if (move === undefined || move.from === move.to) return undefined;
  const ends = [move.from, move.to];
  const isValid = ends.includes(target) && ends.every((port) => trafficOf(key, port, ranges) === 'http');
  return isValid ? move : undefined;
}

/** Which traffic type a recorded port is of: its range says so, as in the original. */
function trafficOf(key: PortKey, port: number, ranges: PortRanges): TrafficType | undefined {
  const isIn = (range: readonly PortRange[]): boolean => blockOf(range, port) !== undefined;
  if (key.endsWith('/udp')) return isIn(ranges.udp) ? 'udp' : undefined;
  if (isIn(ranges.http)) return 'http';
  return isIn(ranges.tcp) ? 'tcp' : undefined;
}

function oneOfEachService(keys: readonly PortKey[]): Iterable<PortKey> {
  const byService = new Map<ServiceKey, PortKey>();
  for (const key of keys) {
    const service = serviceOf(key);
    const known = byService.get(service);
    if (known === undefined || byText(key, known) < 0) byService.set(service, key);
  }
  return byService.values();
}

function first(keys: readonly PortKey[]): PortKey {
  return keys.reduce((least, key) => (byText(key, least) < 0 ? key : least));
}

function byPort(a: SharedPort, b: SharedPort): number {
  return a.port - b.port;
}

/** The slots of a traffic type with what is on record in them. */
export function overlayRecorded(slots: Slots, { owners, shared }: Claims, traffic: TrafficType): Slots {
  const claims = new Map(owners[traffic]);
  if (traffic === 'http') for (const port of shared.keys()) claims.set(port, sharedKey(port));
  return overlay(slots, claims);
}

function overlay(slots: Slots, claims: ReadonlyMap<number, PortKey>): Slots {
  const assigned = new Map<PortKey, number>();
  for (const [port, key] of claims) if (!assigned.has(key)) assigned.set(key, port);
  for (const [key, port] of slots.assigned) {
    if (!assigned.has(key) && !claims.has(port)) assigned.set(key, port);
  }
  const resting = [...slots.resting].filter((port) => !claims.has(port));
  const isSame =
    resting.length === slots.resting.size &&
    assigned.size === slots.assigned.size &&
    slots.assigned.entries().every(([key, port]) => assigned.get(key) === port);
  return isSame ? slots : { assigned, resting: new Set(resting) };
}

/**
 * Gives every wanted key a number: the one it has, where that lies in the ranges, else the lowest that is neither
 * taken nor resting, ranges in their order. Keys that are no longer wanted free theirs, which rests until
 * {@link releaseSlots}. Pure, and independent of the order of `wanted`: where numbers run out, keys that sort first
 * get them.
 *
 * @returns the next slots (the same reference where nothing changed), and the keys for which no number was left, sorted.
 */
export function assignSlots(
  previous: Slots,
  wanted: Iterable<string>,
  ranges: readonly NumberRange[],
): { readonly slots: Slots; readonly unassigned: readonly string[] } {
  const missing = new Set(wanted);
  const assigned = new Map<string, number>();
  const resting = new Set(previous.resting);
  const taken = new Set(previous.resting);
  for (const [key, number] of previous.assigned) {
    taken.add(number);
    if (missing.has(key) && isWithin(ranges, number)) {
      assigned.set(key, number);
      missing.delete(key);
    } else {
      resting.add(number);
    }
  }
  const unassigned: string[] = [];
  if (missing.size > 0) {
    const free = freeNumbers(ranges, taken);
    for (const key of [...missing].toSorted(byText)) {
      const next = free.next();
      if (next.done === true) unassigned.push(key);
      else assigned.set(key, next.value);
    }
  }
  // Every key kept its number exactly where none was freed and none was given.
  const isUnchanged = resting.size === previous.resting.size && assigned.size === previous.assigned.size;
  return { slots: isUnchanged ? previous : { assigned, resting }, unassigned };
}

/** Ends the rest of numbers: they may be given away again. Returns the same reference where none of them rested. */
export function releaseSlots(slots: Slots, released: Iterable<number>): Slots {
  const resting = new Set(slots.resting);
  for (const number of released) resting.delete(number);
  return resting.size === slots.resting.size ? slots : { assigned: slots.assigned, resting };
}

function isWithin(ranges: readonly NumberRange[], number: number): boolean {
  return ranges.some(({ first, last }) => first <= number && number <= last);
}

function* freeNumbers(ranges: readonly NumberRange[], taken: ReadonlySet<number>): Generator<number> {
  for (const { first, last } of ranges) {
    for (let number = first; number <= last; number++) if (!taken.has(number)) yield number;
  }
}
