// The definitions of the Service Mesh Interface's kinds that come with the chart, in an API server.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

import type { KubeObject, KubeObjects } from './kube-objects.ts';
import { until } from './until.ts';

const folder = join(import.meta.dirname, '..', '..', 'chart', 'crds');

/** A CustomResourceDefinition. */
export interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
    }[];
  };
}

/** The chart's definitions. */
export async function smiDefinitions(): Promise<readonly Definition[]> {
  const files = (await readdir(folder)).filter((name) => name.startsWith('smi-'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Definition));
}

/** Applies definitions, the chart's by default, and waits until every version of them is served. */
export async function installSmi(
  objects: KubeObjects,
  definitions?: readonly Definition[],
): Promise<readonly Definition[]> {
  const given = definitions ?? (await smiDefinitions());
  await objects.apply(...given);
  for (const definition of given) await served(objects, definition);
  return given;
}

/** Deletes definitions, the chart's by default, and waits until they are gone with all their objects. */
export async function removeSmi(objects: KubeObjects, definitions?: readonly Definition[]): Promise<void> {
  const given = definitions ?? (await smiDefinitions());
  await objects.delete(...given);
  for (const definition of given) {
    const { name } = definition.metadata;
    await until(`${name} to be gone`, async () => (await objects.get(definition)) === undefined || undefined);
  }
}

async function served(objects: KubeObjects, { spec }: Definition): Promise<void> {
  const { group, names, versions } = spec;
  const wanted = versions.filter((version) => version.served).map(({ name }) => name);
  await until(`${names.plural} to be served in ${wanted.join(' and ')}`, async () => {
    for (const version of wanted) {
      try {
        await objects.list(`/apis/${group}/${version}/${names.plural}`);
      } catch {
        return undefined;
      }
    }
    return true;
  });
}
