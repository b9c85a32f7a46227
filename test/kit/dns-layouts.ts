// Clusters' DNS as distributions set it up, from test/golden-dns-layouts, in a real API server: one at a time, since most of them
// have objects of the same names.

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { parseAllDocuments } from 'yaml';

import type { KubeObject, KubeObjects, KubeReference } from './kube-objects.ts';
import { until } from './until.ts';

const root = join(import.meta.dirname, '..', 'golden-dns-layouts');

/** Names of the layouts, sorted. */
export const dnsLayouts: readonly string[] = readdirSync(root).toSorted();

/** Made by what is tested, and by nobody else. */
const custom: KubeReference = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'coredns-custom', namespace: 'kube-system' },
};

/** What DNS is told: by what it is, `ConfigMap kube-system/coredns`. */
export type DnsData = Readonly<Record<string, unknown>>;

/** A cluster's DNS, set up. What it was set up with goes when it is disposed of. */
export class DnsLayoutInCluster implements AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly #objects: KubeObjects;
  readonly #applied: readonly KubeObject[];

  private constructor(name: string, objects: KubeObjects, applied: readonly KubeObject[]) {
    this.name = name;
    this.folder = join(root, name);
    this.#objects = objects;
    this.#applied = applied;
  }

  /** Sets a layout up, in place of what is there. */
  static async setUp(objects: KubeObjects, name: string): Promise<DnsLayoutInCluster> {
    const text = await readFile(join(root, name, 'input.yaml'), 'utf8');
    const given = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
    const applied: KubeObject[] = [];
    for (const object of given) {
      // oxlint-disable-next-line no-await-in-loop -- a definition comes before what it defines, and takes a moment
      applied.push(...(await until('the API server to take it', () => objects.apply(object))));
    }
    return new DnsLayoutInCluster(name, objects, applied);
  }

  /** All ConfigMaps, and what an operator is told. */
  async data(): Promise<DnsData> {
    const maps = await this.#list('/api/v1/configmaps');
    const operators =
      this.name === 'openshift' ? await this.#list('/apis/operator.openshift.io/v1/dnses') : [];
    return Object.fromEntries([
      ...maps
        .filter(
          ({ metadata }) =>
            !['kube-root-ca.crt', 'extension-apiserver-authentication'].includes(metadata.name),
        )
        .filter(({ metadata }) => metadata.name !== 'kube-apiserver-legacy-service-account-token-tracking')
        .map((map) => [`ConfigMap ${map.metadata.namespace}/${map.metadata.name}`, map['data'] ?? null]),
      ...operators.map((operator) => [`DNS ${operator.metadata.name}`, operator['spec']]),
    ]) as DnsData;
  }

  /** Annotations of the pod templates of DNS servers, by name. */
  async templateAnnotations(): Promise<
    Readonly<Record<string, Readonly<Record<string, string>> | undefined>>
  > {
    const kinds = ['deployments', 'daemonsets'];
    const lists = await Promise.all(
      kinds.map((kind) => this.#list(`/apis/apps/v1/namespaces/kube-system/${kind}`)),
    );
    return Object.fromEntries(
      lists.flat().map(({ metadata, spec }) => {
        const { template } = spec as { template: { metadata: { annotations?: Record<string, string> } } };
        return [metadata.name, template.metadata.annotations];
      }),
    );
  }

  /** Has all that holds DNS' configuration say what it said, as somebody does who writes over it. */
  async putBack(data: DnsData): Promise<void> {
    for (const [what, text] of Object.entries(await this.data())) {
      if (isDeepStrictEqual(text, data[what])) continue;
      const [kind = '', name = ''] = what.split(' ');
      const [namespace, mapName] = name.split('/');
      const metadata = kind === 'ConfigMap' ? { namespace, name: mapName } : { name };
      const apiVersion = kind === 'ConfigMap' ? 'v1' : 'operator.openshift.io/v1';
      const object = { apiVersion, kind, metadata } as KubeObject;
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as somebody does
      await this.#replace(object, kind === 'ConfigMap' ? { data: data[what] } : { spec: data[what] });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#objects.delete(...this.#applied.filter(({ kind }) => kind !== 'Namespace').toReversed());
    // Where the test was about nothing else, it is gone already.
    await this.#objects.delete(custom);
    if (this.name !== 'openshift') return;
    await until('the operator to be unknown', async () => {
      const answer = (await this.#objects.send({ path: '/apis' })) as { groups: readonly { name: string }[] };
      return answer.groups.some(({ name }) => name === 'operator.openshift.io') ? undefined : true;
    });
  }

  async #replace(object: KubeObject, said: Readonly<Record<string, unknown>>): Promise<void> {
    const before = await this.#objects.get(object);
    if (before === undefined) return;
    if (Object.values(said).every((value) => value === undefined)) await this.#objects.delete(object);
    else {
      const path = await this.#objects.path(object);
      await this.#objects.send({ method: 'PUT', path, body: { ...before, ...said } });
    }
  }

  async #list(path: string): Promise<readonly KubeObject[]> {
    return await this.#objects.list(path);
  }
}
