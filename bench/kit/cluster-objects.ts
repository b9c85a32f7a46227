// Objects of a cluster as the benchmarks write them, with the fields that Kubernetes' own controllers give them.

import type { KubeObject } from '../../test/kit/kube-objects.ts';
import { servicePort } from './addresses.ts';

/** A service of the cluster with its endpoints. */
export interface ServiceGiven {
  readonly namespace: string;
  readonly name: string;
  /** Addresses of its endpoints. */
  readonly addresses: readonly string[];
  /** Port of its endpoints; that of the service by default. */
  readonly port?: number;
}

const servicesEach = 100;

/** The n-th service, without endpoints. A hundred services share a namespace. */
export function nthName(n: number): Pick<ServiceGiven, 'namespace' | 'name'> {
  return { namespace: `team-${Math.floor(n / servicesEach)}`, name: `service-${n}` };
}

/** Its Service. */
export function serviceObject({ namespace, name }: ServiceGiven): KubeObject {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'Helm' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels } as KubeObject['metadata'],
    spec: {
      selector: { 'app.kubernetes.io/name': name },
      ports: [{ name: 'main', port: servicePort, protocol: 'TCP', targetPort: servicePort }],
    },
  };
}

/** Name of its EndpointSlice. */
export function sliceName({ name }: Pick<ServiceGiven, 'name'>): string {
  return `${name}-x7k2p`;
}

/** Its EndpointSlice, as Kubernetes' controller writes it. */
export function sliceObject(service: ServiceGiven): KubeObject {
  const { namespace, name, addresses, port = servicePort } = service;
  const metadata = {
    name: sliceName(service),
    generateName: `${name}-`,
    namespace,
    labels: {
      'app.kubernetes.io/name': name,
      'app.kubernetes.io/managed-by': 'Helm',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'kubernetes.io/service-name': name,
    },
    annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-11-02T08:00:00Z' },
    ownerReferences: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        name,
        uid: uidOf(name),
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    ports: [{ name: 'main', port, protocol: 'TCP' }],
    endpoints: addresses.map((address, n) => {
      const pod = `${name}-5d9c7b8f6-${address.replaceAll('.', '-')}`;
      return {
        addresses: [address],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${n}`,
        zone: `zone-${n % 3}`,
        targetRef: { kind: 'Pod', namespace, name: pod, uid: uidOf(pod) },
      };
    }),
  };
}

/** A text of the shape of a UID. */
function uidOf(name: string): string {
  const hex = Buffer.from(name).toString('hex').padEnd(32, '0').slice(-32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
