// The listeners of TCP and UDP ports where access is controlled: they say who gets through, so pods that call and come or go
// change those, and only those, that let them in.

import { type Listener, ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.ts';
import type { ObjectKey, ServiceKey } from '../../model/key.ts';
import type { PortRange } from '../../model/ports.ts';
import type { AddressAndPort } from '../address.ts';
import { type Group, groupPorts } from '../group-memo.ts';
import { tcpListener } from '../listener.ts';
import { blockName, clusterName, entryName, udpListenerName } from '../names.ts';
import type { TranslateOptions } from '../options.ts';
import { pack } from '../pack.ts';
import { type Resource, typeUrls } from '../resources.ts';
import type { PlacedPort } from '../service-resources.ts';
import { tcpBlockListener } from '../tcp-block.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { matchingUdpListener } from '../udp.ts';
import { connectionReaches } from './connection-reach.ts';
import { type Callers, tcpGuard } from './tcp-guard.ts';
import { udpGuard } from './udp-guard.ts';

/** A listener to make. */
interface Wanted {
  readonly name: string;
  /** Those whose rules count. */
  readonly ports: readonly PlacedPort[];
  readonly services: readonly ServiceKey[];
  readonly make: (callers: Callers) => Listener;
}

interface Made {
  /** Of its ports. */
  readonly guards: readonly PortGuard[];
  readonly sources: readonly ObjectKey[];
  /** Of each source, by reference. */
  readonly addresses: readonly (readonly string[] | undefined)[];
  readonly resource: Resource;
}

/** Makes the function that makes them, from all TCP and UDP ports. It makes again only what has changed. */
export function createGuardedListeners(
  options: TranslateOptions,
): (ports: readonly PlacedPort[], callers: Callers) => readonly Resource[] {
  const guards = new WeakMap<PlacedPort, PortGuard>();
  const guardOf = (placed: PlacedPort): PortGuard => {
    const guard = guards.get(placed) ?? portGuard(placed);
    guards.set(placed, guard);
    return guard;
  };
  let made = new Map<string, Made>();
  let wanted: readonly GuardedListener[] = [];
  let last: { readonly ports: readonly PlacedPort[]; readonly callers: Callers } | undefined;
  return (ports, callers) => {
    const isSamePorts = last !== undefined && isEach(ports, last.ports);
    if (!isSamePorts) {
      wanted = listenersOf(ports, options).map((each) => ({ ...each, guards: each.ports.map(guardOf) }));
    }
    if (!isSamePorts || callers !== last?.callers) {
      const before = made;
      made = new Map(wanted.map((each) => [each.name, makeAgain(before.get(each.name), each, callers)]));
      last = { ports, callers };
    }
    return [...made.values()].map(({ resource }) => resource);
  };
}

interface GuardedListener extends Wanted {
  readonly guards: readonly PortGuard[];
}

/** What of a port its listener is made of, besides callers' addresses. */
interface PortGuard {
  readonly id: string;
  readonly sources: readonly ObjectKey[];
}

function portGuard({ service, port, number }: PlacedPort): PortGuard {
  const reaches = connectionReaches(port);
  const backends = port.splits?.flatMap((split) => split.backends.map(({ key }) => key));
  return {
    id: JSON.stringify([port.key, number, service.localAddress, port.localPort, reaches, backends]),
    sources: reaches.flatMap(({ sources }) => sources),
  };
}

function makeAgain(before: Made | undefined, wanted: GuardedListener, callers: Callers): Made {
  const { name, services, guards, make } = wanted;
  const isSameRules =
    before !== undefined && isEach(guards, before.guards, (a, b) => a === b || a.id === b.id);
  const sources = isSameRules ? before.sources : [...new Set(guards.flatMap((guard) => guard.sources))];
  const addresses = sources.map((source) => callers.get(source));
  if (isSameRules && isEach(addresses, before.addresses)) return before;
  const resource = pack(ListenerSchema, make(callers), { name, typeUrl: typeUrls.listener, services });
  return { guards, sources, addresses, resource };
}

function isEach<T>(
  a: readonly T[],
  b: readonly T[],
  isPair: (one: T, other: T) => boolean = (one, other) => one === other,
): boolean {
  return a.length === b.length && a.every((one, index) => isPair(one, b[index] as T));
}

function listenersOf(ports: readonly PlacedPort[], options: TranslateOptions): readonly Wanted[] {
  const tcp = ports.filter(({ port }) => port.traffic === 'tcp');
  const byPart = groupPorts(tcp, {
    name: (placed) => blockName('tcp', partOfBlock(placed)),
    order: (a, b) => a.number - b.number,
  });
  return [
    ...byPart.map((group) => blockListener(group, options)),
    ...ports.flatMap((placed) => [...udpMeshListener(placed, options), ...entryListener(placed, options)]),
  ];
}

/**
 * How many mesh ports are one listener here. A pod that comes or goes changes the listeners of all ports that it may call,
 * and a whole block is 130 KiB with a caller for each port; the fewer ports a listener has, the more of them there are,
 * and each costs a proxy some 50 KiB.
 */
const partSize = 16;

function partOfBlock({ number, block }: PlacedPort): PortRange {
  const first = number - ((number - block.first) % partSize);
  return { first, last: Math.min(first + partSize - 1, block.last) };
}

function blockListener({ name, ports }: Group, { meshAddress, closesForbidden }: TranslateOptions): Wanted {
  const make = (callers: Callers): Listener =>
    tcpBlockListener(partOfBlock(ports[0]), meshAddress, tcpGuard(ports, { callers, closesForbidden }));
  return { name, ports, services: [], make };
}

function udpMeshListener(placed: PlacedPort, { meshAddress }: TranslateOptions): Wanted[] {
  const { port, service } = placed;
  if (port.traffic !== 'udp') return [];
  const name = udpListenerName(port.meshPort);
  const at = { address: meshAddress, port: port.meshPort };
  const make = (callers: Callers): Listener =>
    matchingUdpListener({ name, at, matcher: udpGuard(port, callers) });
  return [{ name, ports: [placed], services: [service.key], make }];
}

function entryListener(placed: PlacedPort, options: TranslateOptions): Wanted[] {
  const { port, service } = placed;
  const { localAddress: address } = service;
  if (address === undefined || port.localPort === undefined) return [];
  const at = { address, port: port.localPort };
  const make = (callers: Callers): Listener => guardedEntryListener(port, { at, callers, options });
  return [{ name: entryName(port), ports: [placed], services: [service.key], make }];
}

/** Like the one without access control (entry.ts), but for who gets through. */
function guardedEntryListener(
  port: PlacedPort['port'],
  how: { readonly at: AddressAndPort; readonly callers: Callers; readonly options: TranslateOptions },
): Listener {
  const { at, callers, options } = how;
  const name = entryName(port);
  if (port.traffic === 'udp') return matchingUdpListener({ name, at, matcher: udpGuard(port, callers) });
  return tcpListener({
    name,
    addresses: [at],
    filters: [tcpProxy({ statPrefix: 'entry', cluster: clusterName(port) })],
    guard: tcpGuard([{ port, number: at.port }], { callers, closesForbidden: options.closesForbidden }),
  });
}
