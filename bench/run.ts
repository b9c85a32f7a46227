// `npm run bench -- WHAT`: measures the mesh and writes what came of it to bench/results/. README.md beside this file
// says how it is measured and what came of it.

import { parseArgs } from 'node:util';

import type { Layout } from './kit/world.ts';

const usage = `Usage: npm run bench -- WHAT [FLAGS]

  changes   a change in the folder → its effect in Envoy, with the time in each stage
  memory    memory of controller and Envoy: at rest, and after 1,000 changes
  start     start of the process → first proxied request
  controller   the controller of a cluster: its start, its memory, and from a change in the API server to its effect
  record    processor time of the model while mesh ports come on record, and services come and go
  path      requests a second and latency: Maesh, a bare Envoy, Traefik, the backend alone
  policies  requests a second and latency: services that ask for something, access control too, against one that doesn't
  access    a pod or an access rule changes → its effect in Envoy, with what is sent and the memory
  all       all of these, in more than half an hour
  mutations random changes of the folder while requests run (--count 100000 --seed 1 --check-every 1000)

  --sizes 10,1000,5000   numbers of services (changes, memory, start), of TrafficTargets (access: 1000, at least 5)
  --count 399            changes at each size (changes)
  --layout file-each     or one-file: all services in a single file (changes)
  --rounds 7             rounds over all programs (path, policies), starts at each size (start: 5, controller: 3),
                         times that every change is made (access: 100)
  --seconds 3            length of a measurement (path, policies), time in which endpoints change (controller: 60)
  --endpoints 10,20      endpoints of each service, each a cluster of its own (controller, with 5,000 services)
  --per-second 100       changes of endpoints a second (controller)
  --clients 1000         clients of xDS besides the real Envoy (controller)

End everything else that keeps the machine busy. Tables are printed, all figures are in bench/results/WHAT.json.
`;

// Ended by a signal it ends like any other way: what it started is ended, and its folders are removed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

if (process.argv[2] === 'mutations') {
  // It reads flags of its own.
  process.argv.splice(2, 1);
  await import('./mutations.ts');
} else await measure();

async function measure(): Promise<void> {
  const { values, positionals } = flags();
  const sizes = numbers(values.sizes ?? '10,1000,5000');
  const layout: Layout = values.layout === 'one-file' ? 'one-file' : 'file-each';
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);

  /** Each is loaded only when it is run. */
  const suites: Readonly<Record<string, () => Promise<void>>> = {
    async changes() {
      const { changes } = await import('./suites/changes.ts');
      await changes({ sizes, layout, count: Number(values.count) });
    },
    async memory() {
      const { memory } = await import('./suites/memory.ts');
      await memory({ sizes });
    },
    async start() {
      const { start } = await import('./suites/start.ts');
      await start({ sizes, rounds: rounds ?? 5 });
    },
    async record() {
      const { record } = await import('./suites/record.ts');
      await record({ sizes });
    },
    async path() {
      const { path } = await import('./suites/path.ts');
      await path({ rounds: rounds ?? 7, seconds: Number(values.seconds ?? 3) });
    },
    async policies() {
      const { policies } = await import('./suites/policies.ts');
      await policies({ rounds: rounds ?? 7, seconds: Number(values.seconds ?? 3) });
    },
    async access() {
      const { access } = await import('./suites/access.ts');
      await access({ sizes: numbers(values.sizes ?? '1000'), rounds: rounds ?? 100 });
    },
    async controller() {
      const { controller } = await import('./suites/controller.ts');
      const services = numbers(values.sizes ?? '5000');
      await controller({
        sizes: services.flatMap((count) =>
          numbers(values.endpoints).map((endpointsEach) => ({ services: count, endpointsEach })),
        ),
        perSecond: Number(values['per-second']),
        seconds: Number(values.seconds ?? 60),
        clients: Number(values.clients),
        rounds: rounds ?? 3,
      });
    },
  };

  const [what] = positionals;
  const chosen = what === 'all' ? Object.values(suites) : what === undefined ? [] : [suites[what]];
  for (const suite of chosen) await suite?.();
  if (chosen.length === 0 || chosen.includes(undefined)) {
    process.stdout.write(usage);
    process.exitCode = what === undefined ? 0 : 1;
  }
}

function flags() {
  return parseArgs({
    allowPositionals: true,
    options: {
      sizes: { type: 'string' },
      count: { type: 'string', default: '399' },
      layout: { type: 'string', default: 'file-each' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      endpoints: { type: 'string', default: '10,20' },
      'per-second': { type: 'string', default: '100' },
      clients: { type: 'string', default: '1000' },
    },
  });
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}
