// A case of the differential test: objects in a namespace of their own, and requests to them that a mesh of ours and the
// original's proxies are both to answer.

import { createHash } from 'node:crypto';
import type {
  KubeEndpointPort,
  KubeObject,
  KubePod,
  KubeService,
  KubeServicePort,
} from '../../../src/model/objects.ts';
import type { TrafficType } from '../../../src/model/topology.ts';
import { kubeEndpoint, kubePod, kubeService, kubeSlice } from '../objects.ts';
import { podPorts, type PodName, podAddress } from './pods.ts';

/** Requests of one kind, sent one after the other. */
export interface Probe {
  readonly service: string;
  readonly port: number;
  readonly traffic: TrafficType;
  /** By the service's mesh port (the default), or by the port that serves every HTTP service by Host. */
  readonly entrance?: 'mesh port' | 'host port';
  /** `service.namespace.traefik.mesh` by default. */
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Address of the caller. */
  readonly from?: string;
  /** How many are sent. */
  readonly times: number;
  /** Whether there is a choice by chance: then counts are compared as such. */
  readonly isByChance?: true;
  /** Too few requests reach pods to tell which of them do. */
  readonly statusesOnly?: true;
  /** Goes on until a 503 comes, for some seconds at most, instead of so many times. */
  readonly until503?: true;
}

/** What is special about a case, for the table of known differences. */
export type Trait = string;

export interface Case {
  /** Name of its namespace. */
  readonly namespace: string;
  readonly objects: readonly KubeObject[];
  readonly probes: readonly Probe[];
  readonly traits: ReadonlySet<Trait>;
}

/** What a case is before it has a namespace. */
export type CaseMaker = (namespace: string, index: number) => Omit<Case, 'namespace'>;

/** A Service with its pods and their EndpointSlice. */
export interface Workload {
  readonly name: string;
  readonly ports?: ReadonlyArray<Partial<KubeServicePort>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly pods: readonly PodName[];
  readonly serviceAccount?: string;
}

/** The port that pods of the pool answer HTTP on. */
const httpPort = { port: 80, targetPort: podPorts.http };

/** The objects of a workload. */
export function workload(namespace: string, given: Workload): KubeObject[] {
  const { name, ports = [httpPort], annotations = {}, pods: names } = given;
  const service = kubeService({
    namespace,
    name,
    annotations,
    ports: ports.map((port, index) => ({ ...(ports.length > 1 && { name: `p${index}` }), ...port })),
    selector: { app: name },
    clusterIPs: [clusterIpOf(namespace, name)],
  });
  const pods = names.map((pod) => podOf(service, pod, given.serviceAccount));
  const slice = kubeSlice({
    namespace,
    name: `${name}-a`,
    service: name,
    endpoints: pods.map((pod) => kubeEndpoint({ addresses: pod.ips, pod: pod.name })),
    ports: service.ports.map(endpointPort),
  });
  return [service, ...pods, slice];
}

/** Some address, the same each time: the original's rules had it beside the names. */
function clusterIpOf(namespace: string, name: string): string {
  const [a, b, c] = createHash('sha256').update(`${namespace}/${name}`).digest();
  return `10.${a}.${b}.${c}`;
}

function podOf({ namespace, name }: KubeService, pod: PodName, serviceAccount = 'default'): KubePod {
  return kubePod({
    namespace,
    name: `${name}-${pod}`,
    labels: { app: name },
    ips: [podAddress(pod)],
    serviceAccount,
    containerPorts: Object.entries(podPorts).map(([port, number]) => ({
      name: port,
      port: number,
      protocol: port === 'udp' ? 'UDP' : 'TCP',
    })),
  });
}

function endpointPort({ name, targetPort, protocol }: KubeServicePort): KubeEndpointPort {
  const port = typeof targetPort === 'number' ? targetPort : podPorts[targetPort as keyof typeof podPorts];
  return { name, port, protocol, appProtocol: undefined };
}
