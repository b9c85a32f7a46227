// The service pass: one Service object with its endpoints becomes one service of the mesh, or nothing, and what is wrong
// with it becomes problems.

import { readAnnotations, type Scheme } from './annotations.ts';
import { findEndpoints, type EndpointFinding } from './endpoints.ts';
import { isIgnored } from './ignore.ts';
import { objectKey, portKey } from './key.ts';
import type { IpFamily, KubeService, KubeServicePort } from './objects.ts';
import type { Problem, Subject } from './problem.ts';
import type { ProblemCode } from './problem-codes.ts';
import type { ObjectView } from './store.ts';
import type { ServicePort, TrafficType, UpstreamProtocol } from './topology.ts';

/** A service of the mesh before it is given mesh ports and an address. */
export interface ServiceDraft {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly PortDraft[];
  /** IP families of the Service object, the preferred one first; empty where it names none. */
  readonly ipFamilies: readonly IpFamily[];
  /** Problems of this service, in no particular order. */
  readonly problems: readonly Problem[];
  /** Whether no pod has the container port that a targetPort names: a mistake for which the last good object stays. */
  readonly isUnresolvable: boolean;
}

/** A service port before it is known where it is open. */
export type PortDraft = Omit<ServicePort, 'meshPort' | 'localPort'>;

/** Drafts a service; undefined where it is no part of the mesh. */
export function draftService(
  service: KubeService,
  view: ObjectView,
  options: { readonly defaultMode: TrafficType },
): ServiceDraft | undefined {
  if (isIgnored(service)) return undefined;
  const { values } = readAnnotations(service.annotations);
  const traffic = values.trafficType ?? options.defaultMode;
  const ports: PortDraft[] = [];
  const problems: Problem[] = [];
  let isUnresolvable = false;
  const key = objectKey(service.namespace, service.name);
  for (const slice of view.slicesOf(key)) {
    if (slice.addressType === 'FQDN') problems.push(hostNameProblem(service, slice.name));
  }
  for (const port of service.ports) {
    const protocol = traffic === 'udp' ? 'UDP' : 'TCP';
    if (port.protocol !== protocol) {
      problems.push(protocolProblem(service, port, traffic));
      continue;
    }
    const { endpoints, finding } = findEndpoints(service, port, view);
    if (finding !== undefined) problems.push(findingProblem(service, port, finding));
    if (finding?.kind === 'unresolved' && finding.pods.length === finding.matching) isUnresolvable = true;
    ports.push({
      key: portKey(key, port.port, protocol),
      name: port.name,
      port: port.port,
      traffic,
      ...upstreamOf(traffic, values.scheme, port.appProtocol),
      endpoints,
    });
  }
  const { namespace, name, ipFamilies } = service;
  return { namespace, name, ports, ipFamilies, problems, isUnresolvable };
}

interface Upstream {
  readonly upstream: UpstreamProtocol;
  readonly upstreamTls: boolean;
}

const auto: Upstream = { upstream: 'auto', upstreamTls: false };

/** The original's annotation `scheme`, applied to every port. */
const schemes: Readonly<Record<Scheme, Upstream>> = {
  http: { upstream: 'http1', upstreamTls: false },
  h2c: { upstream: 'http2', upstreamTls: false },
  https: { upstream: 'auto', upstreamTls: true },
};

/**
 * `appProtocol` of a port: Kubernetes' standard names (KEP-3726) and the usual others. A name that says nothing about
 * HTTP, such as `mysql`, leaves `auto`.
 */
const appProtocols: ReadonlyMap<string, Upstream> = new Map([
  ['http', schemes.http],
  ['kubernetes.io/ws', schemes.http],
  ['ws', schemes.http],
  ['h2c', schemes.h2c],
  ['http2', schemes.h2c],
  ['kubernetes.io/h2c', schemes.h2c],
  ['grpc', schemes.h2c],
  ['https', schemes.https],
  ['kubernetes.io/wss', { upstream: 'http1', upstreamTls: true }],
  ['wss', { upstream: 'http1', upstreamTls: true }],
]);

function upstreamOf(traffic: TrafficType, scheme: Scheme | undefined, appProtocol = ''): Upstream {
  if (traffic !== 'http') return auto;
  if (scheme !== undefined) return schemes[scheme];
  return appProtocols.get(appProtocol.toLowerCase()) ?? auto;
}

/** Makes a problem of a Service. */
export function serviceProblem(
  service: Pick<KubeService, 'namespace' | 'name' | 'origin'>,
  code: ProblemCode,
  text: { readonly message: string; readonly advice: string },
): Problem {
  const { namespace, name, origin } = service;
  const subject: Subject = {
    kind: 'Service',
    namespace,
    name,
    ...(origin === undefined ? {} : { origin }),
  };
  return { code, subject, ...text };
}

function hostNameProblem(service: KubeService, slice: string): Problem {
  return serviceProblem(service, 'MAESH_ENDPOINT_HOST_NAME', {
    message: `EndpointSlice ${slice} has addressType FQDN, whose host names the mesh does not resolve, so its endpoints are left out`,
    advice: 'Give IP addresses in a slice of addressType IPv4 or IPv6.',
  });
}

function protocolProblem(service: KubeService, port: KubeServicePort, traffic: TrafficType): Problem {
  const meshed = traffic === 'udp' ? 'UDP' : 'TCP';
  return serviceProblem(service, 'MAESH_PORT_PROTOCOL', {
    message: `port ${port.port} is ${port.protocol}, but the service's traffic type ${traffic} takes ${meshed} ports only, so the mesh does not serve it`,
    advice:
      port.protocol === 'SCTP'
        ? 'Call this port without the mesh: it has no SCTP.'
        : `Give the ${port.protocol} ports a Service of their own with the annotation mesh.traefik.io/traffic-type: ${port.protocol === 'UDP' ? 'udp' : 'tcp'}.`,
  });
}

function findingProblem(service: KubeService, port: KubeServicePort, finding: EndpointFinding): Problem {
  if (finding.kind === 'unnamed') {
    const names = finding.names.map((name) => `"${name}"`).join(', ');
    return serviceProblem(service, 'MAESH_ENDPOINT_PORT_NAME', {
      message: `port ${port.port} is named "${port.name}", but the service's EndpointSlices or Endpoints have only ports named ${names}, so it has no endpoints`,
      advice: `Name the port "${port.name}" with protocol ${port.protocol} there too, as Kubernetes does.`,
    });
  }
  const [first = ''] = finding.pods;
  return serviceProblem(service, 'MAESH_TARGET_PORT_UNRESOLVED', {
    message: `targetPort "${port.targetPort}" of port ${port.port} names no ${port.protocol} container port in ${finding.pods.length} of ${finding.matching} pods, such as ${first}`,
    advice:
      finding.pods.length === finding.matching
        ? 'Name a container port so, or give its number. A service that worked before goes on as it was.'
        : 'Name a container port so in these pods too, or give its number. The other pods are served.',
  });
}
