// The topology in the shape that the API gives.

import { printCondition } from '../../model/breaker-condition.ts';
import { objectKey, type ObjectKey } from '../../model/key.ts';
import type { KubeTrafficSplit } from '../../model/objects.ts';
import type { PortPolicy } from '../../model/policy.ts';
import type { Problem } from '../../model/problem.ts';
import type { AccessRule, Endpoint, Service, ServicePort, Split, Topology } from '../../model/topology.ts';
import type {
  AccessJson,
  EndpointJson,
  PolicyJson,
  ProblemJson,
  ServiceJson,
  ServicePortJson,
  SplitJson,
  TrafficSplitJson,
} from './api-types.ts';
import { arrayPieces, extendedPieces, listPieces, objectPieces } from './json-pieces.ts';

const emptyTopology: Topology = { services: new Map(), problems: [] };

/** The pieces of a TopologyJson; of an empty one where there is no topology yet. */
export function* topologyPieces(topology: Topology = emptyTopology): Generator<string> {
  const { services, trafficSplits = new Map<ObjectKey, KubeTrafficSplit>(), problems } = topology;
  const ofServices = errorsBySubject('Service', problems);
  const ofSplits = errorsBySubject('TrafficSplit', problems);
  yield* objectPieces([
    ['services', mapPieces(services, (service, key) => servicePieces(service, ofServices.get(key) ?? []))],
    [
      'trafficSplits',
      mapPieces(trafficSplits, (split, key) => [
        JSON.stringify(trafficSplitJson(split, ofSplits.get(key) ?? [])),
      ]),
    ],
    ['problems', arrayPieces(problems, problemJson)],
  ]);
}

/** A problem in the shape that the API gives. */
export function problemJson(problem: Problem): ProblemJson {
  const { code, subject, message, advice } = problem;
  return {
    code,
    kind: subject.kind,
    namespace: subject.namespace,
    name: subject.name,
    file: subject.origin?.file ?? null,
    line: subject.origin?.line ?? null,
    message,
    advice,
  };
}

function errorsBySubject(
  kind: string,
  problems: readonly Problem[],
): ReadonlyMap<ObjectKey, readonly string[]> {
  const ofKind = problems.filter(({ subject }) => subject.kind === kind);
  const bySubject = Map.groupBy(ofKind, ({ subject }) => objectKey(subject.namespace, subject.name));
  return new Map([...bySubject].map(([key, found]) => [key, found.map(({ message }) => message)]));
}

function mapPieces<T>(
  objects: ReadonlyMap<ObjectKey, T>,
  piecesOf: (object: T, key: ObjectKey) => Iterable<string>,
): Generator<string> {
  return objectPieces(
    objects.entries().map(([key, object]) => [objectName(key), piecesOf(object, key)] as const),
  );
}

function trafficSplitJson(
  { name, namespace, service, backends, routeGroups }: KubeTrafficSplit,
  errors: readonly string[],
): TrafficSplitJson {
  return {
    name,
    namespace,
    service: nameAtNamespace(namespace, service),
    backends: backends.map((backend) => ({
      service: nameAtNamespace(namespace, backend.service),
      weight: backend.weight,
    })),
    routeGroups: routeGroups.map((group) => nameAtNamespace(namespace, group)),
    errors,
  };
}

function servicePieces(service: Service, errors: readonly string[]): Generator<string> {
  const own: Omit<ServiceJson, 'ports'> = {
    name: service.name,
    namespace: service.namespace,
    localAddress: service.localAddress ?? null,
    errors,
  };
  return extendedPieces(own, ['ports', listPieces(service.ports.map(portPieces))]);
}

function portPieces(port: ServicePort): Generator<string> {
  const own: Omit<ServicePortJson, 'endpoints'> = {
    name: port.name,
    port: port.port,
    protocol: port.traffic === 'udp' ? 'UDP' : 'TCP',
    traffic: port.traffic,
    upstream: port.upstream,
    upstreamTls: port.upstreamTls,
    policy: port.policy === undefined ? null : policyJson(port.policy),
    meshPort: port.meshPort ?? null,
    localPort: port.localPort ?? null,
    splits: (port.splits ?? []).map(splitJson),
    access: port.access?.map(accessJson) ?? null,
  };
  return extendedPieces(own, ['endpoints', arrayPieces(port.endpoints, endpointJson)]);
}

function policyJson({ circuitBreaker: condition, ...policy }: PortPolicy): PolicyJson {
  return { ...policy, ...(condition !== undefined && { circuitBreaker: printCondition(condition) }) };
}

function accessJson({ sources, matches, destination }: AccessRule): AccessJson {
  return {
    sources: sources.map(objectName),
    matches: matches ?? null,
    destination: destination === undefined ? null : objectName(destination),
  };
}

function splitJson({ matches, backends }: Split): SplitJson {
  return {
    matches: matches ?? null,
    backends: backends.map(({ key, weight }) => {
      const [namespace = '', name = '', port = ''] = key.split('/');
      return { service: nameAtNamespace(namespace, name), port: Number(port), weight };
    }),
  };
}

function endpointJson(endpoint: Endpoint): EndpointJson {
  return {
    address: endpoint.address,
    port: endpoint.port,
    otherAddresses: endpoint.otherAddresses,
    pod: endpoint.pod === undefined ? null : objectName(endpoint.pod),
    node: endpoint.node ?? null,
    zone: endpoint.zone ?? null,
  };
}

function objectName(key: ObjectKey): string {
  const [namespace = '', name = ''] = key.split('/');
  return nameAtNamespace(namespace, name);
}

/** How the original keys objects in its topology. */
function nameAtNamespace(namespace: string, name: string): string {
  return `${name}@${namespace}`;
}
