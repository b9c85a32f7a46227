// The mutations: what may happen to a folder of manifests. Services in namespace `stable` must never be seen to fail, so
// they get only what must not disturb them; all others get everything.

import type { TrafficType } from '../../../src/model/topology.ts';
import type { Edit } from './edits.ts';
import { endpointSources, type ServiceSpec, type SpecPort } from './service-spec.ts';
import type { World } from './world.ts';

/** One mutation, done to a world. Undefined: there was nothing to do it to, and nothing has changed. */
type Mutate = (world: World) => readonly Edit[] | undefined;

/** What a mutation has done. */
export interface Mutation {
  readonly kind: MutationKind;
  readonly edits: readonly Edit[];
}

/** Names of services that come and go. */
export const changingKeys: readonly string[] = Array.from({ length: 18 }, (_, i) => `changing/s${i}`);

/** Services that stay: one of each traffic type and source of endpoints. */
export const stableSpecs: readonly ServiceSpec[] = (['http', 'tcp', 'udp'] as const).flatMap((traffic, i) =>
  endpointSources.map((source, j) => ({
    key: `stable/${traffic}-${source}`,
    traffic,
    ports: [{ name: 'web', port: 7000 + 10 * i + j }],
    source,
    ready: [1, 2],
    unready: [],
    revision: 0,
  })),
);

/** Backends of each kind: those that stable services always have, and those that come and go. */
export const backendNumbers = { core: [1, 2], all: [1, 2, 3, 4, 5] } as const;

const most = 5;

/** Names of the mutations. */
export type MutationKind =
  | 'add'
  | 'remove'
  | 'endpoints'
  | 'empty'
  | 'readiness'
  | 'ports'
  | 'traffic'
  | 'source'
  | 'renameService'
  | 'stableEndpoints'
  | 'relabel'
  | 'move'
  | 'reform'
  | 'renameFile'
  | 'touch'
  | 'break'
  | 'mend';

const table: Readonly<Record<MutationKind, { readonly weight: number; readonly mutate: Mutate }>> = {
  add: { weight: 7, mutate: add },
  remove: { weight: 5, mutate: (world) => changed(world, (key) => world.drop(key)) },
  endpoints: { weight: 14, mutate: (world) => respec(world, randomEndpoints(world)) },
  empty: { weight: 2, mutate: (world) => respec(world, { ready: [] }) },
  readiness: { weight: 6, mutate: readiness },
  ports: { weight: 3, mutate: (world) => respec(world, { ports: randomPorts(world) }) },
  traffic: { weight: 2, mutate: (world) => respec(world, { traffic: randomTraffic(world) }) },
  source: { weight: 3, mutate: (world) => respec(world, { source: world.random.pick(endpointSources) }) },
  renameService: { weight: 3, mutate: renameService },
  stableEndpoints: { weight: 8, mutate: stableEndpoints },
  relabel: { weight: 5, mutate: relabel },
  move: { weight: 8, mutate: (world) => done(world.move(anyDocument(world))) },
  reform: { weight: 4, mutate: (world) => done(world.reform(anyDocument(world)) ?? true) },
  renameFile: { weight: 5, mutate: renameFile },
  touch: { weight: 3, mutate: touch },
  break: { weight: 4, mutate: breakDocument },
  mend: { weight: 4, mutate: (world) => mend(world, world.broken) },
};

/** Those after which a mesh that starts afresh knows as much as one that was there before. */
export const mutationsOfWholeFiles: readonly MutationKind[] = (Object.keys(table) as MutationKind[]).filter(
  (kind) => kind !== 'break' && kind !== 'mend',
);

/** Does a random mutation of these kinds, all by default. What to do to the folder is in the edits. */
export function mutate(
  world: World,
  kinds: readonly MutationKind[] = Object.keys(table) as MutationKind[],
): Mutation {
  const tickets = kinds.flatMap((kind) => Array<MutationKind>(table[kind].weight).fill(kind));
  for (;;) {
    const kind = world.random.pick(tickets);
    const first = table[kind].mutate(world);
    if (first === undefined) continue;
    const edits = [...first, ...world.takeEdits()];
    if (edits.length > 0) return { kind, edits };
  }
}

/** Mends whatever is broken. */
export function mendAll(world: World): readonly Edit[] {
  for (const id of world.broken) world.setBroken(id, undefined);
  return world.takeEdits();
}

function done(isDone: boolean): readonly Edit[] | undefined {
  return isDone ? [] : undefined;
}

/** A service that comes and goes, is there, and can be told what to be. */
function changeable(world: World): ServiceSpec | undefined {
  const specs = [...world.specs.values()].filter(
    ({ key }) => !key.startsWith('stable/') && !world.isBroken(key),
  );
  return specs.length === 0 ? undefined : world.random.pick(specs);
}

function changed(world: World, change: (key: string) => boolean): readonly Edit[] | undefined {
  const spec = changeable(world);
  return spec === undefined ? undefined : done(change(spec.key));
}

function respec(world: World, change: Partial<ServiceSpec>): readonly Edit[] | undefined {
  const spec = changeable(world);
  return spec === undefined ? undefined : done(world.put({ ...spec, ...change }));
}

function add(world: World): readonly Edit[] | undefined {
  const absent = changingKeys.filter((key) => !world.specs.has(key));
  if (absent.length === 0) return undefined;
  const key = world.random.pick(absent);
  return done(world.put(randomSpec(world, key)));
}

function randomSpec(world: World, key: string): ServiceSpec {
  return {
    key,
    traffic: randomTraffic(world),
    ports: randomPorts(world),
    source: world.random.pick(endpointSources),
    ...randomEndpoints(world),
    revision: 0,
  };
}

function randomTraffic({ random }: World): TrafficType {
  return random.pick(['http', 'http', 'tcp', 'udp']);
}

function randomPorts({ random }: World): readonly SpecPort[] {
  const first = 7100 + random.below(20);
  const one = { name: 'web', port: first };
  return random.chance(0.3) ? [one, { name: 'alt', port: first + 1 }] : [one];
}

function randomEndpoints({ random }: World): Pick<ServiceSpec, 'ready' | 'unready'> {
  const listed = random.some(backendNumbers.all, 1);
  const ready = random.some(listed, 1);
  return { ready, unready: listed.filter((number) => !ready.includes(number)) };
}

/** Backends become ready, or cease to be. */
function readiness(world: World): readonly Edit[] | undefined {
  const spec = changeable(world);
  if (spec === undefined) return undefined;
  const listed = [...spec.ready, ...spec.unready].toSorted((a, b) => a - b);
  if (listed.length === 0) return undefined;
  const ready = world.random.some(listed, 1);
  return done(world.put({ ...spec, ready, unready: listed.filter((number) => !ready.includes(number)) }));
}

function renameService(world: World): readonly Edit[] | undefined {
  const absent = changingKeys.filter((key) => !world.specs.has(key));
  const spec = changeable(world);
  if (spec === undefined || absent.length === 0 || !world.drop(spec.key)) return undefined;
  const key = world.random.pick(absent);
  return done(world.put({ ...spec, key }));
}

/** Stable services keep what they always have; other backends come and go. */
function stableEndpoints(world: World): readonly Edit[] | undefined {
  const { key } = world.random.pick(stableSpecs);
  const spec = world.specs.get(key);
  if (spec === undefined || world.isBroken(key)) return undefined;
  const others = backendNumbers.all.slice(backendNumbers.core.length);
  const listed = world.random.some(others);
  const ready = world.random.some(listed);
  const unready = listed.filter((number) => !ready.includes(number));
  return done(world.put({ ...spec, ready: [...backendNumbers.core, ...ready], unready }));
}

function relabel(world: World): readonly Edit[] | undefined {
  const spec = world.random.pick([...world.specs.values()]);
  if (world.isBroken(spec.key)) return undefined;
  return done(world.put({ ...spec, revision: spec.revision + 1 }));
}

function anyDocument(world: World): string {
  return world.random.pick(world.documentsOf(world.random.pick([...world.specs.keys()])));
}

function renameFile(world: World): readonly Edit[] | undefined {
  const sound = world.files.filter((file) => world.isSound(file));
  return sound.length === 0 ? undefined : [world.rename(world.random.pick(sound))];
}

function touch(world: World): readonly Edit[] | undefined {
  if (world.files.length === 0) return undefined;
  return [{ type: 'touch', file: world.random.pick(world.files) }];
}

/** What is broken stays as it was for the mesh: nothing changes. */
function breakDocument(world: World): readonly Edit[] | undefined {
  const id = anyDocument(world);
  if (world.broken.length >= most || world.broken.includes(id)) return undefined;
  world.setBroken(id, world.random.pick(['invalid', 'garbled']));
  return [];
}

function mend(world: World, broken: readonly string[]): readonly Edit[] | undefined {
  if (broken.length === 0) return undefined;
  world.setBroken(world.random.pick(broken), undefined);
  return [];
}
