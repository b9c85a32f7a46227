// Topologies for tests, made without sources and without the model's passes: what a test does not say is as plain as
// it can be.

import { byText, portKey, type ServiceKey } from '../../src/model/key.ts';
import type { Endpoint, Service, ServicePort, Topology } from '../../src/model/topology.ts';
import type { Dial } from './clients/http.ts';

/** A port of {@link meshService}; HTTP port 80 without endpoints where nothing else is said. */
export interface GivenPort extends Partial<Omit<ServicePort, 'key' | 'endpoints'>> {
  readonly endpoints?: readonly (Dial & Partial<Endpoint>)[];
}

/** Makes a service such as `store/shop`. */
export function meshService(
  key: ServiceKey,
  ports: readonly GivenPort[],
  given: Pick<Partial<Service>, 'localAddress'> = {},
): Service {
  const [namespace = '', name = ''] = key.split('/');
  return {
    key,
    namespace,
    name,
    ports: ports.map((port) => ({
      ...servicePort(key, port),
      localPort: given.localAddress === undefined ? undefined : (port.port ?? 80),
    })),
    localAddress: given.localAddress,
  };
}

/** Makes a topology of services, sorted as the model sorts them. */
export function meshTopology(services: readonly Service[]): Topology {
  const sorted = services.toSorted((a, b) => byText(a.key, b.key));
  return { services: new Map(sorted.map((service) => [service.key, service])), problems: [] };
}

function servicePort(service: ServiceKey, given: GivenPort): Omit<ServicePort, 'localPort'> {
  const { port = 80, traffic = 'http', endpoints = [] } = given;
  return {
    key: portKey(service, port, traffic === 'udp' ? 'UDP' : 'TCP'),
    name: given.name ?? '',
    port,
    traffic,
    upstream: given.upstream ?? 'auto',
    upstreamTls: given.upstreamTls ?? false,
    ...(given.policy !== undefined && { policy: given.policy }),
    ...(given.splits !== undefined && { splits: given.splits }),
    ...(given.access !== undefined && { access: given.access }),
    meshPort: given.meshPort,
    ...(given.sharedPorts !== undefined && { sharedPorts: given.sharedPorts }),
    endpoints: endpoints.map((endpoint) => ({
      otherAddresses: [],
      pod: undefined,
      node: undefined,
      zone: undefined,
      ...endpoint,
    })),
  };
}
