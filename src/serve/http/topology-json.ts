// The topology in the shape that the API gives.

import { printCondition } from '../../model/breaker-condition.ts';
import { objectKey, type ObjectKey } from '../../model/key.ts';
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
} from './api-types.ts';
import { arrayPieces, extendedPieces, listPieces, objectPieces } from './json-pieces.ts';

const emptyTopology: Topology = { services: new Map(), problems: [] };

/** The pieces of a TopologyJson; of an empty one where there is no topology yet. */
export function* topologyPieces(topology: Topology = emptyTopology): Generator<string> {
  const errors = errorsByService(topology.problems);
  const services = topology.services
    .values()
    .map((service): [string, Iterable<string>] => [
      nameAtNamespace(service.namespace, service.name),
      servicePieces(service, errors.get(service.key) ?? []),
    ]);
  yield* objectPieces([
    ['services', objectPieces(services)],
    ['problems', arrayPieces(topology.problems, problemJson)],
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

function errorsByService(problems: readonly Problem[]): ReadonlyMap<ObjectKey, readonly string[]> {
  const ofServices = problems.filter(({ subject }) => subject.kind === 'Service');
  const bySubject = Map.groupBy(ofServices, ({ subject }) => objectKey(subject.namespace, subject.name));
  return new Map([...bySubject].map(([key, found]) => [key, found.map(({ message }) => message)]));
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
