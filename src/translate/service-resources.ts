// The resources that belong to one service alone, and what of it goes into resources that services share.

import { ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.ts';
import { blockOf, type PortRange } from '../model/ports.ts';
import type { Service, ServicePort } from '../model/topology.ts';
import { accountPorts } from './access/account-ports.ts';
import { packWithKinds } from './access/endpoint-kinds.ts';
import { withSteadyPods } from './access/udp-guard.ts';
import { cluster } from './cluster.ts';
import { packEndpoints } from './endpoints.ts';
import { entryListener } from './entry.ts';
import {
  blockName,
  clusterName,
  entryName,
  hostRoutesName,
  type ServedPort,
  udpListenerName,
} from './names.ts';
import type { TranslateOptions } from './options.ts';
import { pack } from './pack.ts';
import { type Resource, typeUrls } from './resources.ts';
import { udpListener } from './udp.ts';

/** A service port with a block that a mesh port of its lies in: its own, or one that it shares. */
export interface PlacedPort {
  readonly service: Service;
  readonly port: ServedPort;
  /** The mesh port that lies in the block. */
  readonly number: number;
  readonly block: PortRange;
  /** {@link blockName} of the block. */
  readonly blockName: string;
  /** {@link hostRoutesName} of the service's namespace. */
  readonly hostRoutesName: string;
}

/** What one service contributes. */
export interface ServiceResources {
  readonly clusters: readonly Resource[];
  readonly endpoints: readonly Resource[];
  /** Listeners of its UDP mesh ports, and its entry listeners. */
  readonly listeners: readonly Resource[];
  /** Its HTTP and TCP ports, which lie in blocks. */
  readonly placed: readonly PlacedPort[];
  /** Its TCP and UDP ports, where access is controlled: their listeners are made elsewhere (access/guarded-listeners.ts). */
  readonly guarded: readonly PlacedPort[];
}

type PortResources = Pick<ServiceResources, 'clusters' | 'endpoints'>;

interface MadePort {
  readonly port: ServedPort;
  readonly resources: PortResources;
}

/**
 * Makes the function that translates services. It remembers what it made for each service, and for the endpoints of each
 * service port, by reference, for as long as somebody holds that very object.
 */
export function createServiceTranslator(options: TranslateOptions): (service: Service) => ServiceResources {
  const byService = new WeakMap<Service, ServiceResources>();
  const byEndpoints = new WeakMap<ServicePort['endpoints'], MadePort>();

  const steady = options.isAccessControlled === true ? withSteadyPods : (port: ServedPort) => port;
  const portResources = (service: Service, port: ServedPort): PortResources => {
    const known = byEndpoints.get(port.endpoints);
    if (known !== undefined && isMadeAlike(known.port, port)) return known.resources;
    const resources = translatePort(service, steady(port), options);
    byEndpoints.set(port.endpoints, { port, resources });
    return resources;
  };
  return (service) => {
    const known = byService.get(service);
    if (known !== undefined) return known;
    const served = service.ports.filter(isServed);
    const ports = served.flatMap((port) => place(service, port, { number: port.meshPort, options }) ?? []);
    const guarded =
      options.isAccessControlled === true ? ports.filter(({ port }) => port.traffic !== 'http') : [];
    const resources = ports.map(({ port }) => portResources(service, port));
    const made: ServiceResources = {
      clusters: resources.flatMap((of) => of.clusters),
      endpoints: resources.flatMap((of) => of.endpoints),
      listeners: ports
        .filter((placed) => !guarded.includes(placed))
        .flatMap((placed) => listeners(placed, options)),
      placed: [
        ...ports.filter(({ port }) => port.traffic !== 'udp'),
        ...ports.flatMap((placed) => elsewhere(placed, options)),
      ],
      guarded,
    };
    byService.set(service, made);
    return made;
  };
}

/**
 * Whether clusters and endpoints of ports are the same. Who may call one is nothing to them, unless it parts the pods: a
 * TrafficTarget, or what many of them refer to, changes and all of these would be encoded again for it.
 */
function isMadeAlike(a: ServedPort, b: ServedPort): boolean {
  if (a === b) return true;
  const isSame = (name: string): boolean =>
    name === 'access' || Reflect.get(a, name) === Reflect.get(b, name);
  return [a, b].every((port) => Object.keys(port).every(isSame) && accountPorts(port).length === 0);
}

function isServed(port: ServicePort): port is ServedPort {
  return port.meshPort !== undefined;
}

/** Undefined where the port lies in no range that proxies open: it is then as good as none. */
function place(
  service: Service,
  port: ServedPort,
  { number, options }: { readonly number: number; readonly options: TranslateOptions },
): PlacedPort | undefined {
  const block = blockOf(options.ports[port.traffic], number);
  if (block === undefined) return undefined;
  return {
    service,
    port,
    number,
    block,
    blockName: blockName(port.traffic, block),
    hostRoutesName: hostRoutesName(service.namespace),
  };
}

/** The same port in the blocks of mesh ports that it shares, but for the block where it is already. */
function elsewhere({ service, port, block }: PlacedPort, options: TranslateOptions): PlacedPort[] {
  const placed = (port.sharedPorts ?? []).flatMap(
    ({ port: number }) => place(service, port, { number, options }) ?? [],
  );
  const byBlock = new Map(placed.map((each) => [each.block.first, each]));
  byBlock.delete(block.first);
  return [...byBlock.values()];
}

function translatePort(
  service: Service,
  port: ServedPort,
  { isAccessControlled = false }: TranslateOptions,
): PortResources {
  const services = [service.key];
  const ports = [port, ...accountPorts(port)];
  return {
    clusters: ports.map((each) =>
      pack(ClusterSchema, cluster(service, each), {
        name: clusterName(each),
        typeUrl: typeUrls.cluster,
        services,
      }),
    ),
    endpoints: ports.map((each) =>
      isAccessControlled ? packWithKinds(each, services) : packEndpoints(each, services),
    ),
  };
}

function listeners({ service, port, block }: PlacedPort, options: TranslateOptions): Resource[] {
  const made: Resource[] = [];
  const services = [service.key];
  if (port.traffic === 'udp') {
    const name = udpListenerName(port.meshPort);
    const at = { address: options.meshAddress, port: port.meshPort };
    const listener = udpListener({ name, at, cluster: clusterName(port) });
    made.push(pack(ListenerSchema, listener, { name, typeUrl: typeUrls.listener, services }));
  }
  const { localAddress: address } = service;
  const { localPort } = port;
  if (address !== undefined && localPort !== undefined) {
    const listener = entryListener(port, { at: { address, port: localPort }, block, options });
    made.push(
      pack(ListenerSchema, listener, { name: entryName(port), typeUrl: typeUrls.listener, services }),
    );
  }
  return made;
}
