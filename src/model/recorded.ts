// Who has which mesh port on record, and what follows from it where several have the same one: the original's HTTP
// services all had, told apart by Host, and so they are served until each has moved to a port of its own.

import { byText, type PortKey, type ServiceKey } from './key.ts';
import { blockOf, type ByTraffic, type PortRange, type PortRanges } from './ports.ts';
import type { SharedPort, TrafficType } from './topology.ts';

/** Service port → mesh port that callers are sent to, as shadow Services in the cluster say; not only of services that are still there. */
export type RecordedPorts = ReadonlyMap<PortKey, number>;

/**
 * The move of an HTTP service port from a mesh port that it shares to one of its own. From the time when it is on record
 * to the time when it is there no more, both are served; callers are sent to one, and later to the other.
 */
export interface PortMove {
  readonly from: number;
  readonly to: number;
}

/** Service ports that are moving. */
export type PortMoves = ReadonlyMap<PortKey, PortMove>;

/** What has a mesh port on record that rests: no service port, so that nobody is given or served by it. */
export function restingKey(meshPort: number, protocol: 'TCP' | 'UDP'): PortKey {
  return `/resting/${meshPort}${protocol === 'UDP' ? '/udp' : ''}`;
}

function isResting(key: PortKey): boolean {
  return key.startsWith('/resting/');
}

/** What is on record. */
export interface Recorded {
  readonly ports: RecordedPorts;
  readonly moves: PortMoves;
}

/** Where a service port is served. */
export interface Places {
  /** The mesh port that stands for it alone. */
  readonly own: number | undefined;
  /** Sorted by port. */
  readonly shared: readonly SharedPort[];
}

/** Mesh ports that several service ports have, by number. */
export type SharedPorts = ReadonlyMap<number, SharedPort>;

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
    const rest = keys.find(isResting);
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
    const service = key.slice(0, key.indexOf('/', key.indexOf('/') + 1));
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
