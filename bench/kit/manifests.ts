// Manifests of services with ten endpoints each, with the fields that a dump of a cluster has.

import { servicePort, silentAddress } from './addresses.ts';

/** A service as the benchmarks write it. */
export interface ServiceManifest {
  readonly namespace: string;
  readonly name: string;
  /** Addresses of its endpoints; none: a slice without endpoints. */
  readonly addresses: readonly string[];
  /** Traffic type, `http` by default. */
  readonly traffic?: 'http' | 'tcp';
  /** What it asks for besides, by annotations without their prefix. */
  readonly annotations?: Readonly<Record<string, string>>;
}

const endpointsEach = 10;
const servicesEach = 100;

/** The n-th service of a mesh, with endpoints that nobody calls. A hundred services share a namespace. */
export function nthService(n: number): ServiceManifest {
  const addresses = Array.from({ length: endpointsEach }, (_, e) => silentAddress(n * endpointsEach + e));
  return { namespace: `team-${Math.floor(n / servicesEach)}`, name: `service-${n}`, addresses };
}

/** Its text: a Service and an EndpointSlice. */
export function manifestText(service: ServiceManifest): string {
  const { namespace, name, addresses, traffic = 'http' } = service;
  const annotations = Object.entries({ 'traffic-type': traffic, ...service.annotations }).map(
    ([key, value]) => `    mesh.traefik.io/${key}: ${JSON.stringify(value)}\n`,
  );
  const metadata = (uid: number): string => `  namespace: ${namespace}
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/managed-by: Helm
    kubernetes.io/service-name: ${name}
  creationTimestamp: "2026-11-02T08:00:00Z"
  resourceVersion: "${100_000 + uid}"`;
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
${metadata(1)}
  annotations:
${annotations.join('')}spec:
  type: ClusterIP
  internalTrafficPolicy: Cluster
  ipFamilies: [IPv4]
  selector:
    app.kubernetes.io/name: ${name}
  ports:
  - name: main
    port: ${servicePort}
    protocol: TCP
    targetPort: ${servicePort}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
addressType: IPv4
metadata:
  name: ${name}-x7k2p
${metadata(2)}
${endpointsText(name, addresses)}
ports:
- name: main
  port: ${servicePort}
  protocol: TCP
`;
}

function endpointsText(name: string, addresses: readonly string[]): string {
  if (addresses.length === 0) return 'endpoints: []';
  const endpoints = addresses.map(
    (address, n) => `- addresses: [${address}]
  conditions:
    ready: true
    serving: true
    terminating: false
  nodeName: node-${n}
  zone: zone-${n % 3}
  targetRef:
    kind: Pod
    name: ${name}-5d9c7b8f6-${address.replaceAll('.', '-')}
`,
  );
  return `endpoints:\n${endpoints.join('').trimEnd()}`;
}
