// What a shadow Service is, as it stands in the cluster and as it should: the parts of it that are the mesh's to say.

import type { ObjectToWrite } from '../kube/api-object.ts';
import { objectKey, portKey, type PortKey, type ServiceKey } from '../model/key.ts';
import type { IpFamily } from '../model/objects.ts';
import type { PortTable } from '../model/ports.ts';
import type { PortMove } from '../model/recorded.ts';
import { proxyLabels } from '../model/proxy-labels.ts';
import type { ServiceDraft } from '../model/services.ts';
import { recordedResting, type RestingPort } from './resting-ports.ts';
import { movesText, movingAnnotation } from './moving-ports.ts';
import { shadowName, shadowOfAnnotation } from './shadow-name.ts';

/** A port of a shadow Service. */
export interface ShadowPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** The `targetPort`: the port of every proxy that stands for this one. */
  readonly meshPort: number;
  /** Where it moves from and to; {@link meshPort} is one of the two. */
  readonly move?: PortMove;
}

/** How near the proxy should be that a call goes to; undefined on servers that know neither. */
export type TrafficDistribution = 'PreferSameNode' | 'PreferClose' | undefined;

/** A shadow Service as it should be. */
export interface Shadow {
  readonly name: string;
  readonly service: ServiceKey;
  /** Sorted by port and protocol; at least one. */
  readonly ports: readonly ShadowPort[];
  readonly trafficDistribution: TrafficDistribution;
  /** Families of the real service, the preferred one first; empty where it names none. */
  readonly ipFamilies: readonly IpFamily[];
}

/** Labels of every shadow Service, as in the original; the first says that it is the mesh's own. */
export const shadowLabels: Readonly<Record<string, string>> = { app: 'maesh', type: 'shadow' };

/**
 * The shadow Service that a service should have; undefined where none of its ports has a mesh port, since a Service
 * without ports is none.
 */
export function shadowOf(
  service: ServiceDraft,
  mesh: {
    readonly namespace: string;
    readonly table: PortTable;
    /** The mesh port that a service port shares with others, where it does: what it keeps where none of its own is left. */
    readonly sharedPort?: (key: PortKey) => number | undefined;
    readonly trafficDistribution: TrafficDistribution;
  },
): Shadow | undefined {
  const key = objectKey(service.namespace, service.name);
  const ports = service.ports.flatMap((port): ShadowPort[] => {
    const shared = port.traffic === 'http' ? mesh.sharedPort?.(port.key) : undefined;
    const meshPort = mesh.table[port.traffic].assigned.get(port.key) ?? shared;
    const protocol = port.traffic === 'udp' ? 'UDP' : 'TCP';
    return meshPort === undefined ? [] : [{ name: port.name, port: port.port, protocol, meshPort }];
  });
  if (ports.length === 0) return undefined;
  return {
    name: shadowName(mesh.namespace, key),
    service: key,
    ports: withNames(ports).toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1)),
    trafficDistribution: mesh.trafficDistribution,
    ipFamilies: service.ipFamilies,
  };
}

/** Kubernetes wants names where there are several ports, which an unnamed port left alone by others may lack. */
function withNames(ports: readonly ShadowPort[]): readonly ShadowPort[] {
  if (ports.length === 1) return ports;
  return ports.map((port) => (port.name === '' ? { ...port, name: `port-${port.port}` } : port));
}

/** The mesh ports that a shadow Service has on record, by service port, and those that it says rest. */
export function recordedPorts(
  service: ServiceKey,
  { ports, resting }: { readonly ports: readonly ShadowPort[]; readonly resting: Iterable<RestingPort> },
): Map<PortKey, number> {
  return new Map([
    ...ports.map(({ port, protocol, meshPort }) => [portKey(service, port, protocol), meshPort] as const),
    ...recordedResting(resting),
  ]);
}

/** A shadow Service as a manifest, without what the server fills in. */
export function shadowManifest(shadow: Shadow, meshNamespace: string): ShadowManifest {
  const { name, service, ports, trafficDistribution, ipFamilies } = shadow;
  const moves = movesText(ports);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: meshNamespace,
      labels: shadowLabels,
      annotations: {
        [shadowOfAnnotation]: service,
        ...(moves !== undefined && { [movingAnnotation]: moves }),
      },
    },
    spec: {
      type: 'ClusterIP',
      selector: proxyLabels,
      ports: ports.map(({ name: portName, port, protocol, meshPort }) => ({
        ...(portName !== '' && { name: portName }),
        port,
        protocol,
        targetPort: meshPort,
      })),
      ...(trafficDistribution !== undefined && { trafficDistribution }),
      ...familiesOf(ipFamilies),
    },
  };
}

/**
 * What has these mesh ports on record for a service while its shadow Service is made anew, since the first IP family of a
 * Service can't be changed: a Service without an address, so that nobody is sent anywhere by it.
 */
export function standInManifest(standIn: Shadow, meshNamespace: string): ShadowManifest {
  const manifest = shadowManifest(standIn, meshNamespace);
  return { ...manifest, spec: { clusterIP: 'None', ports: manifest.spec['ports'] } };
}

/**
 * Of two families only that there may be two is said: a headless Service without a selector has two even where the
 * cluster has one, and a Service that names a family which the cluster lacks is refused.
 */
function familiesOf(ipFamilies: readonly IpFamily[]): Readonly<Record<string, unknown>> {
  if (ipFamilies.length === 0) return {};
  return ipFamilies.length === 1
    ? { ipFamilies, ipFamilyPolicy: 'SingleStack' }
    : { ipFamilyPolicy: 'PreferDualStack' };
}

/** A core/v1 Service, as it is written. */
export interface ShadowManifest extends ObjectToWrite {
  readonly metadata: ObjectToWrite['metadata'] & {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}
