// The resources that services share: blocks of mesh ports with their routes, and the routes of the port that serves
// every service by Host.

import { ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import type { VirtualHost } from '../gen/envoy/config/route/v3/route_components_pb.ts';
import { ScopedRouteConfigurationSchema } from '../gen/envoy/config/route/v3/scoped_route_pb.ts';
import { byText } from '../model/key.ts';
import { createGroupMemo, type Group, groupPorts } from './group-memo.ts';
import { encodeHostRoutes, hostListener, hostScope, namedHost } from './host-port.ts';
import { blockHost, encodeBlockRoutes, httpBlockListener } from './http-block.ts';
import { hostPortName, readinessName } from './names.ts';
import type { TranslateOptions } from './options.ts';
import { pack, packBytes } from './pack.ts';
import { readinessListener } from './readiness.ts';
import { type Resource, typeUrls } from './resources.ts';
import { encodeHost } from './routes.ts';
import type { PlacedPort } from './service-resources.ts';
import { tcpBlockListener } from './tcp-block.ts';

/** What is made of the ports of all services together. */
export interface SharedResources {
  readonly listeners: readonly Resource[];
  readonly routes: readonly Resource[];
  readonly scopedRoutes: readonly Resource[];
}

/** Makes the function that makes them, from all HTTP and TCP ports. It makes again only what has changed. */
export function createSharedTranslator(
  options: TranslateOptions,
): (ports: readonly PlacedPort[]) => SharedResources {
  const fixed = fixedListeners(options);
  // Neither the listener of a block nor the scope of a namespace says which ports there are.
  const whateverPorts = (): boolean => true;
  const blockListeners = createGroupMemo((group) => packBlockListener(group, options), whateverPorts);
  const blockRoutes = createGroupMemo(createBlockRoutes(options));
  const namespaceRoutes = createGroupMemo(createHostRoutes());
  const namespaceScopes = createGroupMemo(packHostScope, whateverPorts);

  return (ports) => {
    const blocks = groupPorts(ports, { name: (placed) => placed.blockName, order: byMeshPort });
    const open = blocks.filter((group) => !isGuarded(group, options));
    const httpBlocks = blocks.filter((group) => group.ports[0].port.traffic === 'http');
    const namespaces = options.hostPort === undefined ? [] : groupByNamespace(ports);
    return {
      listeners: [...fixed, ...blockListeners(open)],
      routes: [...blockRoutes(httpBlocks), ...namespaceRoutes(namespaces)],
      scopedRoutes: namespaceScopes(namespaces),
    };
  };
}

function fixedListeners(options: TranslateOptions): Resource[] {
  const { readiness, hostPort } = options;
  const typeUrl = typeUrls.listener;
  const ready = pack(ListenerSchema, readinessListener(readiness), {
    name: readinessName,
    typeUrl,
    services: [],
  });
  if (hostPort === undefined) return [ready];
  return [
    pack(ListenerSchema, hostListener(hostPort, options), { name: hostPortName, typeUrl, services: [] }),
    ready,
  ];
}

/** Whether its listener says who gets through (access/guarded-listeners.ts). */
function isGuarded({ ports }: Group, { isAccessControlled = false }: TranslateOptions): boolean {
  return isAccessControlled && ports[0].port.traffic === 'tcp';
}

function packBlockListener({ name, ports }: Group, options: TranslateOptions): Resource {
  const { port, block } = ports[0];
  const listener =
    port.traffic === 'http'
      ? httpBlockListener(block, options)
      : tcpBlockListener(block, options.meshAddress);
  return pack(ListenerSchema, listener, { name, typeUrl: typeUrls.listener, services: [] });
}

/** Makes the function that makes the routes of blocks. */
function createBlockRoutes(options: TranslateOptions): (group: Group) => Resource {
  const encoded = createHostMemo();
  return ({ name, ports }) => {
    const encodedHost = (placed: PlacedPort): Uint8Array => encoded(placed, () => blockHost(placed, options));
    const bytes = encodeBlockRoutes(ports[0].block, { ports, encodedHost });
    return packBytes(bytes, { name, typeUrl: typeUrls.routes, services: servicesOf(ports) });
  };
}

/** Makes the function that makes the routes of namespaces. */
function createHostRoutes(): (group: Group) => Resource {
  const encoded = createHostMemo();
  return ({ name, ports }) => {
    const byService = Map.groupBy(ports, ({ service }) => service.name);
    const hosts = [...byService].flatMap(([service, placed]) => {
      const all = placed.map(({ port }) => port);
      return placed.map((each) => encoded(each, () => namedHost(service, each.port, all)));
    });
    const isAccessControlled = ports.some(({ port }) => port.access !== undefined);
    const bytes = encodeHostRoutes(ports[0].service.namespace, { hosts, isAccessControlled });
    return packBytes(bytes, { name, typeUrl: typeUrls.routes, services: servicesOf(ports) });
  };
}

/** Makes the function that encodes the virtual host of a port, once for as long as the port is the same by reference. */
function createHostMemo(): (placed: PlacedPort, make: () => VirtualHost) => Uint8Array {
  const known = new WeakMap<PlacedPort, Uint8Array>();
  return (placed, make) => {
    const bytes = known.get(placed) ?? encodeHost(make());
    known.set(placed, bytes);
    return bytes;
  };
}

function packHostScope({ name, ports }: Group): Resource {
  const scope = hostScope(ports[0].service.namespace);
  return pack(ScopedRouteConfigurationSchema, scope, { name, typeUrl: typeUrls.scopedRoutes, services: [] });
}

function groupByNamespace(ports: readonly PlacedPort[]): Group[] {
  return groupPorts(
    ports.filter(({ port }) => port.traffic === 'http'),
    { name: (placed) => placed.hostRoutesName, order: byServiceName },
  );
}

function servicesOf(ports: readonly PlacedPort[]): string[] {
  return [...new Set(ports.map(({ service }) => service.key))].toSorted(byText);
}

/** Some share one. */
function byMeshPort(a: PlacedPort, b: PlacedPort): number {
  return a.number - b.number || byText(a.port.key, b.port.key);
}

/** Ports of one service keep the order that they have in it, since sorting is stable. */
function byServiceName(a: PlacedPort, b: PlacedPort): number {
  return byText(a.service.name, b.service.name);
}
