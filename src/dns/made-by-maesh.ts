// ConfigMaps that a distribution's DNS reads if they are there, and that were not: made by Maesh, they go when it goes.

import { isRecord, type ApiObject } from '../kube/api-object.ts';
import type { ObjectName } from '../kube/client.ts';
import type { DnsWrite } from './plan.ts';

/** Label of such a ConfigMap. Whoever keeps something else in it by now keeps the ConfigMap. */
const labels: Readonly<Record<string, string>> = { app: 'maesh', component: 'dns' };

/** Makes one. */
export function madeByMaesh(object: ObjectName, data: Readonly<Record<string, string>>): DnsWrite {
  const { name, namespace = '' } = object;
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data };
  return { kind: 'create', object, manifest };
}

/** Whether it was made so, and has no keys but these. */
export function isMadeByMaesh({ metadata, data, binaryData }: ApiObject, keys: readonly string[]): boolean {
  const given = isRecord(metadata['labels']) ? metadata['labels'] : {};
  const isOurs = Object.entries(labels).every(([label, value]) => given[label] === value);
  const all = [data, binaryData].flatMap((part) => (isRecord(part) ? Object.keys(part) : []));
  return isOurs && all.every((key) => keys.includes(key));
}
