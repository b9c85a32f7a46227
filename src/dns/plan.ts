// What has to be written so that a place of a cluster's DNS is as it should be. Plans are made of what was read, and each
// write holds only for that: an object that has been changed since is read and planned for anew.

import { isRecord, type ApiObject, type ObjectToWrite } from '../kube/api-object.ts';
import type { ObjectName } from '../kube/client.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { NamespacedName } from './layout.ts';

/** A ConfigMap. */
export const configMaps: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
};

/** A change of one object. */
export type DnsWrite =
  | { readonly kind: 'create'; readonly object: ObjectName; readonly manifest: ObjectToWrite }
  | {
      readonly kind: 'patch';
      readonly object: ObjectName;
      /** A merge patch (RFC 7386). */
      readonly patch: Readonly<Record<string, unknown>>;
      readonly resourceVersion: string;
    }
  | { readonly kind: 'delete'; readonly object: ObjectName; readonly resourceVersion: string };

/** Why a place can't be as it should, until somebody does something. */
export interface DnsTrouble {
  /** A sentence without a full stop. */
  readonly message: string;
  readonly advice: string;
  /** Lines for somebody to put in by hand, where that helps. */
  readonly byHand?: string;
}

/** What is to be done at a place. */
export interface DnsPlan {
  /** In their order; none where everything is as it should be. */
  readonly writes: readonly DnsWrite[];
  /** What the mesh's names are in; undefined where there is no such place. */
  readonly holder?: ObjectName;
  readonly trouble?: DnsTrouble;
  /** Namespace of another mesh, whose names are there now and go; undefined for none. */
  readonly replaces?: string;
  /** What pods have to have been started with; undefined where that makes no difference. */
  readonly restart?: PodRestart | undefined;
}

/** Why pods are replaced. */
export interface PodRestart {
  /** What stands for what they have to have been started with: it is the pods' annotation, or the beginning of that. */
  readonly for: string;
  /** Whether they are for each change, too: they read nothing again by themselves. */
  readonly onChange: boolean;
}

/** What is there under a name; undefined for nothing. */
export type FindObject = (name: ObjectName) => ApiObject | undefined;

/** The name of a ConfigMap. */
export function configMapName({ namespace, name }: NamespacedName): ObjectName {
  return { type: configMaps, namespace, name };
}

/** What a ConfigMap says under a key; undefined for nothing. */
export function dataOf(configMap: ApiObject | undefined, key: string): string | undefined {
  const data = configMap?.['data'];
  const text = isRecord(data) ? data[key] : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** Changes keys of a ConfigMap; a key without a text is taken away. */
export function patchData(
  object: ObjectName,
  { metadata }: ApiObject,
  data: Readonly<Record<string, string | undefined>>,
): DnsWrite {
  const patch = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, text ?? null]));
  return { kind: 'patch', object, patch: { data: patch }, resourceVersion: metadata.resourceVersion };
}
