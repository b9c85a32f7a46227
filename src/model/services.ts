// The service pass: one Service object with its endpoints becomes one service of the mesh, or nothing, and what is wrong
// with it becomes problems.

import {
  annotationsOf,
  readAnnotations,
  type AnnotationMistake,
  type Annotations,
  type AnnotationValues,
} from './annotations.ts';
import { findEndpoints, type EndpointFinding } from './endpoints.ts';
import { isIgnored } from './ignore.ts';
import { objectKey, portKey } from './key.ts';
import type { IpFamily, KubeService, KubeServicePort } from './objects.ts';
import { policyOf } from './asked-policy.ts';
import { objectSubject, type Problem } from './problem.ts';
import type { ProblemCode } from './problem-codes.ts';
import type { ObjectView } from './store.ts';
import type { ServicePort, TrafficType } from './topology.ts';
import { upstreamOf } from './upstream.ts';

/** A service of the mesh before it is given mesh ports and an address. */
export interface ServiceDraft {
  readonly namespace: string;
  readonly name: string;
  /** See KubeObject. */
  readonly uid?: string;
  readonly ports: readonly PortDraft[];
  /** What its annotations say: what they go on saying where the next object's mean nothing. */
  readonly annotations: Annotations;
  /** IP families of the Service object, the preferred one first; empty where it names none. */
  readonly ipFamilies: readonly IpFamily[];
  /** Problems of this service, in no particular order. */
  readonly problems: readonly Problem[];
  /** Whether no pod has the container port that a targetPort names: a mistake for which the last good object stays. */
  readonly isUnresolvable: boolean;
}

/** A service port before it is known where it is open. */
export type PortDraft = Omit<ServicePort, 'meshPort' | 'sharedPorts' | 'localPort' | 'splits'>;

/** What a draft is made with. */
export interface DraftOptions {
  readonly defaultMode: TrafficType;
  /** What the service's annotations said in its last draft, if it had one. */
  readonly lastAnnotations?: Annotations | undefined;
}

/** Drafts a service; undefined where it is no part of the mesh. */
export function draftService(
  service: KubeService,
  view: ObjectView,
  options: DraftOptions,
): ServiceDraft | undefined {
  if (isIgnored(service)) return undefined;
  const { values: annotations, mistakes } = readAnnotations(service, options.lastAnnotations);
  const ports: PortDraft[] = [];
  const problems: Problem[] = mistakes.map((mistake) => annotationProblem(service, mistake));
  let isUnresolvable = false;
  const key = objectKey(service.namespace, service.name);
  for (const slice of view.slicesOf(key)) {
    if (slice.addressType === 'FQDN') problems.push(hostNameProblem(service, slice.name));
  }
  for (const port of service.ports) {
    const values = annotationsOf(annotations, port);
    const drafted = draftPort(service, port, { view, values, defaultMode: options.defaultMode });
    problems.push(...drafted.problems);
    if (drafted.isUnresolvable) isUnresolvable = true;
    if (drafted.port !== undefined) ports.push(drafted.port);
  }
  const { namespace, name, uid, ipFamilies } = service;
  return {
    namespace,
    name,
    ...(uid !== undefined && { uid }),
    ports,
    annotations,
    ipFamilies,
    problems,
    isUnresolvable,
  };
}

function draftPort(
  service: KubeService,
  port: KubeServicePort,
  given: { readonly view: ObjectView; readonly values: AnnotationValues; readonly defaultMode: TrafficType },
): Pick<ServiceDraft, 'problems' | 'isUnresolvable'> & { readonly port?: PortDraft } {
  const { view, values, defaultMode } = given;
  const traffic = values['traffic-type'] ?? defaultMode;
  const protocol = traffic === 'udp' ? 'UDP' : 'TCP';
  if (port.protocol !== protocol) {
    return { problems: [protocolProblem(service, port, traffic)], isUnresolvable: false };
  }
  const { policy, mistakes } = policyOf(values, traffic);
  const { endpoints, finding } = findEndpoints(service, port, view);
  const draft: PortDraft = {
    key: portKey(objectKey(service.namespace, service.name), port.port, protocol),
    name: port.name,
    port: port.port,
    traffic,
    ...upstreamOf(traffic, { scheme: values.scheme, appProtocol: port.appProtocol }),
    ...(policy !== undefined && { policy }),
    endpoints,
  };
  return {
    port: draft,
    problems: [
      ...mistakes.map(({ annotation, what }) =>
        annotationProblem(service, { annotation, what: `of port ${port.port} ${what}` }),
      ),
      ...(finding === undefined ? [] : [findingProblem(service, port, finding)]),
    ],
    isUnresolvable: finding?.kind === 'unresolved' && finding.pods.length === finding.matching,
  };
}

/** Makes a problem of a Service. */
export function serviceProblem(
  service: Pick<KubeService, 'namespace' | 'name' | 'uid' | 'origin'>,
  code: ProblemCode,
  text: { readonly message: string; readonly advice: string },
): Problem {
  return { code, subject: objectSubject({ ...service, kind: 'Service' }), ...text };
}

function annotationProblem(service: KubeService, { annotation, what }: AnnotationMistake): Problem {
  return serviceProblem(service, 'MAESH_SERVICE_ANNOTATION', {
    message: `annotation ${annotation} ${what}`,
    advice:
      'Correct or remove it. Until then the mesh goes on with what it last said, if it ever said something; the rest of the service is served as it says.',
  });
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
        : `Give this port the annotation mesh.traefik.io/traffic-type.${port.port}: ${port.protocol === 'UDP' ? 'udp' : 'tcp'}.`,
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
