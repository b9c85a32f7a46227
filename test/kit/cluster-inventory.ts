// Every object of a cluster, to see what something has left in it or changed.

import type { KubeObject, KubeObjects } from './kube-objects.ts';

/** Objects as text by what they are called, such as `v1/configmaps kube-system/coredns`. */
export type Inventory = ReadonlyMap<string, string>;

// The same Events once more, and what isn't stored.
const ignored: ReadonlySet<string> = new Set(['v1/events', 'v1/componentstatuses']);

// They are written every few seconds.
const renewed: ReadonlySet<string> = new Set(['coordination.k8s.io/v1/leases']);

// Kubernetes' own go away by themselves.
function isEventOfMesh({ reportingController }: KubeObject): boolean {
  return String(reportingController).startsWith('mesh.traefik.io/');
}

interface Resource {
  readonly name: string;
  readonly verbs: readonly string[];
}

/** Reads all objects of all kinds that the API server knows, each without its status and what only the server gives. */
export async function takeInventory(objects: KubeObjects): Promise<Inventory> {
  const { groups } = (await objects.send({ path: '/apis' })) as {
    groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  };
  const versions = ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
  const lists = await Promise.all(versions.map((version) => objectsOf(objects, version)));
  return new Map(lists.flat());
}

async function objectsOf(objects: KubeObjects, version: string): Promise<[string, string][]> {
  const path = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
  const { resources } = (await objects.send({ path })) as { resources: readonly Resource[] };
  const listed = resources
    .filter(({ name, verbs }) => !name.includes('/') && verbs.includes('list'))
    .filter(({ name }) => !ignored.has(`${version}/${name}`));
  const lists = await Promise.all(
    listed.map(async ({ name }) => {
      const kind = `${version}/${name}`;
      const all = await objects.list(`${path}/${name}`);
      const items = name === 'events' ? all.filter(isEventOfMesh) : all;
      return items.map((each): [string, string] => [`${kind} ${nameOf(each)}`, textOf(each, kind)]);
    }),
  );
  return lists.flat();
}

function nameOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function textOf(object: KubeObject, kind: string): string {
  const { status: _status, spec, metadata, ...rest } = object;
  const { resourceVersion: _version, generation: _generation, ...kept } = metadata;
  const shown = Object.entries(kept).filter(([field]) => field !== 'managedFields');
  return JSON.stringify({
    metadata: Object.fromEntries(shown),
    ...(!renewed.has(kind) && { spec }),
    ...rest,
  });
}

/** What differs, a line each: `+` where there is more, `-` where something is gone, `~` where something is not as it was. */
export function inventoryDifferences(before: Inventory, after: Inventory): string[] {
  const more = [...after.keys()].filter((key) => !before.has(key)).map((key) => `+ ${key}`);
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => `- ${key}`);
  const changed = [...after]
    .filter(([key, text]) => (before.get(key) ?? text) !== text)
    .map(([key, text]) => `~ ${key}: ${change(before.get(key) ?? '', text)}`);
  return [...more, ...gone, ...changed].toSorted();
}

/** What two texts say where they begin to differ. */
function change(before: string, after: string): string {
  let at = 0;
  while (before[at] === after[at]) at++;
  const from = Math.max(0, at - 60);
  return `…${before.slice(from, at + 100)}… is now …${after.slice(from, at + 100)}…`;
}
