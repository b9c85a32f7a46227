// The manifests of golden cases, with as little changed as a real API server asks for.

import { parseAllDocuments } from 'yaml';
import { isRecord } from '../../../src/kube/api-object.ts';
import type { KubeObject } from '../kube-objects.ts';

/** What a manifest holds for an API server. */
export interface ServerManifest {
  /** In their order, lists taken apart. */
  readonly objects: readonly KubeObject[];
  /** What no server can be asked to hold: `a document without a name`, `a second Service store/shop`. */
  readonly leftOut: readonly string[];
}

/** `Service store/shop`. */
export function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/**
 * Reads a golden manifest. What it holds differs from what is written there in that
 * - pods and endpoints are not at loopback addresses, which the server refuses of endpoints;
 * - containers have images, and pods the service accounts that they name;
 * - pods that are being deleted have a finalizer, without which they would be gone;
 * - Endpoints with slices beside them are not mirrored into further ones.
 *
 * @throws where the text is no YAML.
 */
export function forApiServer(text: string): ServerManifest {
  const elsewhere = text.replaceAll('127.87.200.', '10.87.200.').replaceAll("'::1'", 'fd87::1');
  const objects = new Map<string, KubeObject>();
  const leftOut: string[] = [];
  for (const value of parseAllDocuments(elsewhere).flatMap(itemsOf)) {
    if (!isNamed(value)) leftOut.push('a document without a name');
    else if (objects.has(nameOf(value))) leftOut.push(`a second ${nameOf(value)}`);
    else objects.set(nameOf(value), value);
  }
  const all = [...objects.values()];
  const sliced = new Set(all.map(serviceOfSlice));
  return { objects: all.flatMap((object) => adapted(object, sliced)), leftOut };
}

function itemsOf(document: ReturnType<typeof parseAllDocuments>[number]): readonly unknown[] {
  const [error] = document.errors;
  if (error !== undefined) throw error;
  const value = document.toJS() as unknown;
  if (value === null) return [];
  return isRecord(value) && value['kind'] === 'List' ? (value['items'] as readonly unknown[]) : [value];
}

function isNamed(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

function adapted(object: KubeObject, sliced: ReadonlySet<string | undefined>): readonly KubeObject[] {
  const { kind, metadata } = object;
  if (kind === 'Pod') return [...accountOf(object), runnable(object)];
  if (kind !== 'Endpoints' || !sliced.has(`${metadata.namespace}/${metadata.name}`)) return [object];
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  return [{ ...object, metadata: { ...metadata, labels } as KubeObject['metadata'] }];
}

/** `namespace/name` of the service of an EndpointSlice. */
function serviceOfSlice({ kind, metadata }: KubeObject): string | undefined {
  const { labels = {} } = metadata as { readonly labels?: Readonly<Record<string, string>> };
  if (kind !== 'EndpointSlice') return undefined;
  return `${metadata.namespace}/${labels['kubernetes.io/service-name']}`;
}

function accountOf({ metadata: { namespace }, spec }: KubeObject): readonly KubeObject[] {
  const { serviceAccountName: name } = spec as PodSpec;
  if (name === undefined || namespace === undefined) return [];
  return [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } }];
}

function runnable(pod: KubeObject): KubeObject {
  const { containers, ...spec } = pod['spec'] as PodSpec;
  const metadata = isBeingDeleted(pod) ? { ...pod.metadata, finalizers: ['test.maesh/stays'] } : pod.metadata;
  const withImages = containers.map((container) => ({ image: 'localhost/any', ...container }));
  return { ...pod, metadata, spec: { ...spec, containers: withImages } };
}

/** Whether an object is on its way out. */
export function isBeingDeleted({ metadata }: KubeObject): boolean {
  return 'deletionTimestamp' in metadata;
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly containers: readonly object[];
}
