// What a problem is as an Event: the shape in which users find it on their object, by `kubectl describe` and
// `kubectl events`.

import { hash } from 'node:crypto';

import type { ObjectToWrite } from '../kube/api-object.ts';
import { objectKey, type ObjectKey } from '../model/key.ts';
import type { Problem, Subject } from '../model/problem.ts';
import type { ProblemCode } from '../model/problem-codes.ts';

/**
 * Kinds of objects that Events are written on, each with its `apiVersion`. A subject of another kind, such as a file or
 * a proxy, is no object of an API server.
 */
const apiVersions: ReadonlyMap<string, string> = new Map([
  ['Service', 'v1'],
  ['EndpointSlice', 'discovery.k8s.io/v1'],
  ['Pod', 'v1'],
  // Those of the Service Mesh Interface may be served in other versions too.
  ['TrafficSplit', 'split.smi-spec.io/v1alpha4'],
  ['TrafficTarget', 'access.smi-spec.io/v1alpha3'],
  ['HTTPRouteGroup', 'specs.smi-spec.io/v1alpha4'],
  ['TCPRoute', 'specs.smi-spec.io/v1alpha4'],
  ['UDPRoute', 'specs.smi-spec.io/v1alpha4'],
]);

/** Bounds of the API server (k8s.io/kubernetes, pkg/apis/core/validation/events.go), in bytes. */
const maxNoteBytes = 1024;
const maxInstanceBytes = 128;
/** Longest name of an object. */
const maxName = 253;
const hashLength = 16;

/** The object that an Event is about: an ObjectReference of core/v1. */
interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for cluster-wide objects. */
  readonly namespace?: string;
  readonly name: string;
  /** By it `kubectl describe` tells the object from one that had its name before. */
  readonly uid?: string;
}

/** An Event as it should be. */
export interface WantedEvent {
  readonly namespace: string;
  readonly name: string;
  readonly regarding: Regarding;
  /** The problem's code in the style of Kubernetes: `PortsExhausted`. */
  readonly reason: string;
  /** What is wrong and what to do. */
  readonly note: string;
}

/**
 * The `reportingController` of a mesh's Events, which tells them from those of other meshes in the cluster: a qualified
 * name, such as `mesh.traefik.io/maesh`.
 */
export function reportingController(meshNamespace: string): string {
  return `mesh.traefik.io/${meshNamespace}`;
}

/**
 * The Event of a problem; undefined where it is not about an object of an API server. Its name says who reports what
 * about which object, so that whichever replica writes it, the same problem is the same Event.
 */
export function eventOf(problem: Problem, controller: string): WantedEvent | undefined {
  const { subject, code, message, advice } = problem;
  const apiVersion = apiVersions.get(subject.kind);
  if (apiVersion === undefined) return undefined;
  const { kind, namespace, name, uid } = subject;
  const regarding: Regarding = {
    apiVersion,
    kind,
    ...(namespace !== '' && { namespace }),
    name,
    ...(uid !== undefined && { uid }),
  };
  const reason = reasonOf(code);
  const note = cut(`${message}. ${advice}`, maxNoteBytes);
  return {
    // Where the API server wants those of objects without a namespace.
    namespace: namespace || 'default',
    name: eventName(subject, JSON.stringify([controller, regarding, reason, note])),
    regarding,
    reason,
    note,
  };
}

/** `namespace/name` of an Event. */
export function eventKey({ namespace, name }: Pick<WantedEvent, 'namespace' | 'name'>): ObjectKey {
  return objectKey(namespace, name);
}

/** `MAESH_PORTS_EXHAUSTED` → `PortsExhausted`. */
export function reasonOf(code: ProblemCode): string {
  const [, ...words] = code.split('_');
  return words.map((word) => `${word.slice(0, 1)}${word.slice(1).toLowerCase()}`).join('');
}

/** As client-go's: the object's name, and behind a dot what makes it unique. */
function eventName({ name }: Subject, content: string): string {
  const unique = hash('sha256', content, 'hex').slice(0, hashLength);
  // A name's parts end with a letter or a digit.
  const start = name.slice(0, maxName - hashLength - 1).replace(/[^a-z0-9]+$/, '');
  return `${start}.${unique}`;
}

/** As much of a text as has room, in whole characters, with a sign where something is missing. */
export function cut(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const sign = '…';
  const room = new Uint8Array(maxBytes - Buffer.byteLength(sign));
  // Writes whole characters only.
  const { read } = new TextEncoder().encodeInto(text, room);
  return `${text.slice(0, read)}${sign}`;
}

/** Who reports an Event, and when. */
export interface Reporting {
  readonly controller: string;
  /** Name of the replica. */
  readonly instance: string;
  /** MicroTime. */
  readonly time: string;
}

/** An Event of events.k8s.io/v1. What it says can't be changed later, only how often it was seen. */
export function eventManifest(
  { namespace, name, regarding, reason, note }: WantedEvent,
  { controller, instance, time }: Reporting,
): ObjectToWrite {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace, name },
    type: 'Warning',
    regarding,
    reason,
    note,
    // What the mesh was doing.
    action: 'Meshing',
    reportingController: controller,
    reportingInstance: cut(instance, maxInstanceBytes),
    eventTime: time,
  };
}
