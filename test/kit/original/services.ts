// What the original made of a Service: a router and a load balancer for each port, and the middlewares it asked for.

import type { KubePod, KubeService, KubeServicePort } from '../../../src/model/objects.ts';
import type { OriginalAnnotations } from './annotations.ts';
import type { DynamicConfiguration, HttpService, L4Service } from './dynamic.ts';
import { hostRule, level, priorityOf } from './rules.ts';
import { entryPointName, targetOf, type OriginalWorld } from './world.ts';

/** Names of a Service's middlewares, in the configuration from now on. */
export function addMiddlewares(
  to: DynamicConfiguration,
  { namespace, name }: KubeService,
  { middlewares }: OriginalAnnotations,
): readonly string[] {
  return [...middlewares].map(([kind, middleware]) => {
    const key = `${namespace}-${name}-${kind}`;
    to.http.middlewares[key] = middleware;
    return key;
  });
}

/** Adds what leads to a Service's own pods where everybody may call everything. */
export function addService(to: DynamicConfiguration, world: OriginalWorld, service: KubeService): void {
  const annotations = world.annotationsOf(service);
  if (annotations === undefined) return;
  const { traffic, scheme } = annotations;
  const middlewares = addMiddlewares(to, service, annotations);
  const pods = world.podsOf(service);
  for (const entry of world.entryPorts(service)) {
    const { port } = entry;
    const key = `${service.namespace}-${service.name}-${port.port}`;
    const router = { entryPoints: [entryPointName(entry)], service: key };
    if (traffic === 'http') {
      const rule = hostRule(service);
      to.http.routers[key] = { ...router, rule, priority: priorityOf(rule, level.service), middlewares };
      to.http.services[key] = httpServers(pods, port, scheme);
    } else if (traffic === 'tcp') {
      to.tcp.routers[key] = { ...router, rule: 'HostSNI(`*`)' };
      to.tcp.services[key] = l4Servers(pods, port);
    } else {
      to.udp.routers[key] = router;
      to.udp.services[key] = l4Servers(pods, port);
    }
  }
}

/** A load balancer of pods. */
export function httpServers(pods: readonly KubePod[], port: KubeServicePort, scheme: string): HttpService {
  const servers = addresses(pods, port).map((address) => ({ url: `${scheme}://${address}` }));
  return { loadBalancer: { passHostHeader: true, ...(servers.length > 0 && { servers }) } };
}

/** The same for connections and datagrams. */
export function l4Servers(pods: readonly KubePod[], port: KubeServicePort): L4Service {
  const servers = addresses(pods, port).map((address) => ({ address }));
  return { loadBalancer: { ...(servers.length > 0 && { servers }) } };
}

function addresses(pods: readonly KubePod[], port: KubeServicePort): string[] {
  return pods.map((pod) => targetOf(pod, port)).filter((address) => address !== undefined);
}
