// The long form of test/system/mutations.test.ts: any number of random mutations of the manifests folder while requests
// run, with the memory of the mesh and of its Envoy on the way.
//
//   node bench/mutations.ts --count 100000 --seed 1

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runMutations, type MutationProgress } from '../test/kit/mutations/run.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    'check-every': { type: 'string', default: '1000' },
  },
});

const started = performance.now();
let shown = 0;

/** Resident memory of a process, in MiB. */
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024);
}

async function show({ mutations, requests, failures, wrong, mesh }: MutationProgress): Promise<void> {
  const [controller, envoy] = await Promise.all([memoryOf(mesh.pid), memoryOf(await mesh.envoyPid())]);
  const heap = Math.round((await mesh.metrics()).sum('nodejs_heap_size_used_bytes') / 2 ** 20);
  const seconds = Math.round((performance.now() - started) / 1000);
  const numbers = `${mutations} mutations, ${requests} requests, ${failures.length} failed, ${wrong.length} wrong`;
  process.stdout.write(
    `${seconds} s: ${numbers}; controller ${controller} MiB (heap ${heap} MiB), Envoy ${envoy} MiB\n`,
  );
  for (const text of [...failures.slice(shown, shown + 10), ...wrong]) process.stdout.write(`  ${text}\n`);
  shown = failures.length;
}

const report = await runMutations({
  seed: Number(values.seed),
  count: Number(values.count),
  checkEvery: Number(values['check-every']),
  addressRange: '127.100.0.0/16',
  backendNet: '127.89.8',
  onCheck: show,
});
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = report.failures.length + report.wrong.length + report.moved.length > 0 ? 1 : 0;
