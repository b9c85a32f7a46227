// What the original had made in a cluster, and what its controller told its proxies, for HTTP services and a TCP service.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { KubeObject } from '../kube-objects.ts';
import { firstEntryPort } from './world.ts';

/** A service of the mesh, with one port. */
export interface LeftService {
  readonly name: string;
  readonly namespace: string;
  readonly traffic: 'http' | 'tcp';
  readonly port: number;
  /** Where its pods answer: `10.0.0.1:8080`. */
  readonly endpoints: readonly string[];
}

/** The shadow Service that it made of one, in its namespace: HTTP services share their first mesh port. There is one TCP service. */
export function leftShadow({ name, namespace, traffic, port }: LeftService, mesh: string): KubeObject {
  const metadata: KubeObject['metadata'] & { labels: object } = {
    name: `${mesh}-${name}-6d61657368-${namespace}`,
    namespace: mesh,
    labels: { app: 'maesh', type: 'shadow' },
  };
  const spec = {
    ports: [{ port, targetPort: firstEntryPort[traffic] }],
    selector: { component: 'maesh-mesh' },
  };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

/** Its lines of a Corefile, by the case of test/golden-corefiles, without an option that CoreDNS 1.7 and later refuse. */
export async function leftBlocks(golden: string): Promise<string> {
  const file = join(import.meta.dirname, '..', '..', 'golden-corefiles', golden, 'Corefile');
  const corefile = await readFile(file, 'utf8');
  return corefile.slice(corefile.indexOf('\n#### Begin')).replace(/^ *upstream\n/m, '');
}

/** Traefik's configuration for services that are called by names below these domains, and by which it is ready when it has that. */
export function leftConfiguration(services: readonly LeftService[], domains: readonly string[]): object {
  const of = (traffic: LeftService['traffic'], make: (service: LeftService) => object): object =>
    Object.fromEntries(
      services.filter((each) => each.traffic === traffic).map((each) => [each.name, make(each)]),
    );
  const balanced = (servers: readonly object[]): object => ({ loadBalancer: { servers } });
  const readiness = { entryPoints: ['readiness'], service: 'readiness', rule: 'Path(`/ping`)' };
  return {
    http: {
      routers: {
        readiness,
        ...of('http', ({ name, namespace }) => ({
          entryPoints: [`http-${firstEntryPort.http}`],
          service: name,
          rule: domains.map((domain) => `Host(\`${name}.${namespace}.${domain}\`)`).join(' || '),
        })),
      },
      services: {
        readiness: balanced([{ url: 'http://127.0.0.1:8080' }]),
        ...of('http', ({ endpoints }) => balanced(endpoints.map((each) => ({ url: `http://${each}` })))),
      },
    },
    tcp: {
      routers: of('tcp', ({ name }) => ({
        entryPoints: [`tcp-${firstEntryPort.tcp}`],
        service: name,
        rule: 'HostSNI(`*`)',
      })),
      services: of('tcp', ({ endpoints }) => balanced(endpoints.map((address) => ({ address })))),
    },
  };
}
