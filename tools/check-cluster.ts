// `npm run test:cluster`: starts a cluster of two nodes, runs test/cluster/*.test.ts in it, and takes it down. With
// patterns it runs only the files whose path holds one. `--hold` starts a cluster and keeps it until it is told to end;
// the line that it prints makes the same command run tests in that one.

import { globSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';

import { createLog } from '../src/runtime/pino-log.ts';
import { publishCluster } from '../test/kit/nodes/publish.ts';
import { clusterVariable } from '../test/kit/running-cluster.ts';
import { TwoNodeCluster } from '../test/kit/two-node-cluster.ts';
import { makePrograms } from './cluster/binaries.ts';
import { installPackages } from './cluster/packages.ts';
import { programs } from './cluster/programs.ts';
import { endChildren, report, runTests } from './test-run.ts';

const root = join(import.meta.dirname, '..');

/** What a cluster and its tests run. */
const needed: ReadonlySet<string> = new Set(['kube', 'etcd', 'coredns', 'helm', 'pause']);

/** A step of its own name, whose time is told. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    const result = await work();
    report(name, true, started);
    return result;
  } catch (error) {
    report(name, false, started);
    throw error;
  }
}

/** Tests change the whole cluster, so they run one after the other. The time is for a file, too: some wait for minutes. */
function runIn(recordFile: string, files: readonly string[]): Promise<boolean> {
  return runTests(files, { concurrency: 1, timeoutMs: 1_200_000, env: { [clusterVariable]: recordFile } });
}

/** What a failure came of is often in them. */
async function keepLogs(cluster: TwoNodeCluster): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'maesh-cluster-logs-'));
  await cluster.saveLogs(folder);
  console.log(`Logs of the nodes and their pods are in ${folder}`);
}

async function startCluster(): Promise<TwoNodeCluster> {
  const log = createLog({ level: 'info', format: 'common' });
  await step('packages', () => installPackages(log));
  await step('programs', () =>
    makePrograms(
      programs.filter(({ name }) => needed.has(name)),
      log,
    ),
  );
  return step('cluster', () => TwoNodeCluster.start());
}

/** Keeps a cluster until this process is told to end. */
async function hold(recordFile: string, { plane }: TwoNodeCluster): Promise<true> {
  console.log(`export ${clusterVariable}=${recordFile} KUBECONFIG=${plane.kubeconfig}`);
  await told;
  return true;
}

const told = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    // Again and again: npm passes on what a terminal sends to everybody.
    process.on(signal, () => {
      endChildren();
      resolve();
    });
});

/** Resolves with whether all is well. */
async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    options: { hold: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const all = globSync('test/cluster/*.test.ts', { cwd: root }).toSorted();
  const isWanted = (file: string): boolean => positionals.some((pattern) => file.includes(pattern));
  const files = positionals.length === 0 ? all : all.filter(isWanted);
  if (files.length === 0) throw new Error(`No test file whose path holds ${positionals.join(' or ')}`);
  const held = process.env[clusterVariable];
  if (held !== undefined && !values.hold) return runIn(held, files);
  const cluster = await startCluster();
  try {
    await using published = await publishCluster(cluster);
    if (values.hold) return await hold(published.recordFile, cluster);
    const passed = await runIn(published.recordFile, files);
    if (!passed) await keepLogs(cluster);
    return passed;
  } finally {
    await step('cleanup', () => cluster.stop());
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.log(styleText('red', (error as Error).message));
  process.exitCode = 1;
}
