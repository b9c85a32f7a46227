// A run of many mutations, from start to report: what the test of 2,000 and the bench of 100,000 have in common.

import type { TopologyJson } from '../../../src/serve/http/api-types.ts';
import { checkpoint } from './checkpoint.ts';
import { MeshUnderChange, type MeshUnderChangeOptions } from './mesh-under-change.ts';
import { stableSpecs } from './mutation-table.ts';

/** What is run. */
export interface MutationRunOptions extends Pick<
  MeshUnderChangeOptions,
  'addressRange' | 'backendNet' | 'seed'
> {
  readonly count: number;
  /** After how many mutations the mesh comes to rest and everything is compared. */
  readonly checkEvery: number;
  /** Called after each comparison. */
  readonly onCheck?: (progress: MutationProgress) => void | Promise<void>;
}

/** How far a run is. */
export interface MutationProgress {
  readonly mutations: number;
  readonly requests: number;
  readonly failures: readonly string[];
  readonly wrong: readonly string[];
  readonly mesh: MeshUnderChange['mesh'];
}

/** What came of a run. */
export interface MutationReport {
  readonly seed: number;
  readonly mutations: Readonly<Record<string, number>>;
  /** Changes of the file system that the mutations took. */
  readonly edits: number;
  /** Rounds of the control loop. */
  readonly rounds: number;
  readonly requests: number;
  /** Every request that did not get what it should have. */
  readonly failures: readonly string[];
  /** How often everything was compared. */
  readonly checks: number;
  /** What was not as it should be when the mesh had come to rest. */
  readonly wrong: readonly string[];
  /** Ports and addresses of stable services that are others than at the start. */
  readonly moved: readonly string[];
  /** How long after a change answers were still those of before, in milliseconds: half of them, and the longest. */
  readonly staleMs: { readonly p50: number; readonly max: number };
  /** Time that requests to stable services took, in milliseconds. */
  readonly requestMs: { readonly p50: number; readonly p99: number };
  readonly seconds: number;
}

/** Between two mutations there are as many requests as chance says, from none on, but fewer than this. */
const pauseLimit = 6;

/** Runs it. Rejects where the mesh does not come to rest at all. */
export async function runMutations(options: MutationRunOptions): Promise<MutationReport> {
  const started = performance.now();
  await using one = await MeshUnderChange.create(options);
  await one.startMesh();
  const homes = homesOf(await one.mesh.topology());
  await one.startTraffic();
  const mutations: Record<string, number> = {};
  const wrong: string[] = [];
  let checks = 0;
  for (let done = 1; done <= options.count; done++) {
    const kind = await one.mutate();
    mutations[kind] = (mutations[kind] ?? 0) + 1;
    await one.moreRequests(one.random.below(pauseLimit));
    if (done % options.checkEvery !== 0) continue;
    const found = (await checkpoint(one)).map((text) => `after ${done}: ${text}`);
    wrong.push(...found);
    checks++;
    const { requests, failures, mesh } = one;
    await options.onCheck?.({ mutations: done, requests, failures, wrong: found, mesh });
  }
  const homesNow = homesOf(await one.mesh.topology());
  const staleMs = one.expectations.staleMs.toSorted((a, b) => a - b);
  const [stable] = one.loads;
  return {
    seed: options.seed,
    mutations,
    edits: one.edits,
    rounds: (await one.mesh.metrics()).sum('maesh_build_duration_seconds_count', { stage: 'model' }),
    requests: one.requests,
    failures: one.failures,
    checks,
    wrong,
    moved: [...homes].filter(([port, home]) => homesNow.get(port) !== home).map(([port]) => port),
    staleMs: { p50: staleMs[staleMs.length >> 1] ?? 0, max: staleMs.at(-1) ?? 0 },
    requestMs: { p50: stable?.quantileMs(0.5) ?? 0, p99: stable?.quantileMs(0.99) ?? 0 },
    seconds: (performance.now() - started) / 1000,
  };
}

/** Mesh port and address of each stable service port. */
export function homesOf({ services }: TopologyJson): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  for (const { key } of stableSpecs) {
    const service = services[key.split('/').toReversed().join('@')];
    for (const { port, meshPort } of service?.ports ?? []) {
      homes.set(`${key}:${port}`, `${service?.localAddress}, mesh port ${meshPort}`);
    }
  }
  return homes;
}
