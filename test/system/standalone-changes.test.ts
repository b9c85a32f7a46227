// Many changes at once, and the change that can't wait: what the control loop makes of them, seen from outside.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startHttpBackend } from '../kit/backends/http.ts';
import { HttpClient } from '../kit/clients/http.ts';
import { lockRange } from '../kit/lock-range.ts';
import { Standalone } from '../kit/standalone.ts';
import { until } from '../kit/until.ts';

const services = 300;
const backends = [
  { name: 'one', address: '127.89.7.1', port: 8080 },
  { name: 'two', address: '127.89.7.2', port: 8080 },
];

describe('maesh standalone, told many things at once', () => {
  const running = new AsyncDisposableStack();
  let root = '';
  let mesh: Standalone;

  before(async () => {
    running.use(await lockRange('127.101.0.1').then(({ close }) => ({ [Symbol.asyncDispose]: close })));
    root = await mkdtemp(join(tmpdir(), 'maesh-changes-'));
    running.defer(() => rm(root, { recursive: true }));
    for (const backend of backends) running.use(await startHttpBackend(backend));
    await mkdir(join(root, 'manifests'));
    await write(0, [0, 1]);
    mesh = running.use(
      await Standalone.start({
        dirs: [join(root, 'manifests')],
        stateDir: join(root, 'state'),
        addressRange: '127.101.0.0/16',
      }),
    );
  });
  after(() => running.disposeAsync());

  async function write(number: number, ready: readonly number[]): Promise<void> {
    const metadata = { name: `s${number}`, namespace: 'many' };
    const addresses = ready.map((one) => ({ ip: backends[one]?.address }));
    const objects = [
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 7000 }] } },
      { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [{ addresses, ports: [{ port: 8080 }] }] },
    ];
    const draft = join(root, `draft-${number}`);
    await writeFile(draft, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
    await rename(draft, join(root, 'manifests', `s${number}.json`));
  }

  /** All at once: on a busy machine, writing one after the other would be slow changes. */
  async function writeAll(ready: readonly number[]): Promise<void> {
    await Promise.all(Array.from({ length: services }, (_, number) => write(number, ready)));
  }

  async function rounds(): Promise<number> {
    return (await mesh.metrics()).sum('maesh_build_duration_seconds_count', { stage: 'model' });
  }

  /** Resolves with the time from the call until every service has just these backends. */
  async function known(ready: number, startedAt: number): Promise<number> {
    await until('every change to be known', async () => {
      const all = Object.values((await mesh.topology()).services);
      const isKnown = all.every(({ ports }) => ports[0]?.endpoints.length === ready);
      return (all.length === services && isKnown) || undefined;
    });
    return Math.round(performance.now() - startedAt);
  }

  it('takes hundreds of quick changes together, and loses none', async (context) => {
    const before = await rounds();
    const startedAt = performance.now();
    await writeAll([0, 1]);
    const addedMs = await known(2, startedAt);
    const added = (await rounds()) - before;
    context.diagnostic(`${services} new services: known after ${addedMs} ms, in ${added} rounds`);
    assert.ok(added < services / 3, `${added} rounds for ${services} new services`);
    await writeAll([0]);
    const removedMs = await known(1, startedAt);
    context.diagnostic(
      `an endpoint less for each: ${(await rounds()) - before - added} rounds, ${removedMs - addedMs} ms`,
    );
    using client = new HttpClient();
    const { http } = await mesh.ports();
    await until('every service to be served', async () => {
      const numbers = Array.from({ length: services }, (_, number) => number);
      const names = await Promise.all(
        numbers.map(
          async (number) => (await client.send({ ...http, host: `s${number}.many.maesh` })).echo?.name,
        ),
      );
      return names.every((name) => name === 'one') || undefined;
    });
    assert.deepEqual(await mesh.problems(), []);
  });

  it('takes an endpoint away fast, whatever else there is to do', async (context) => {
    using client = new HttpClient();
    const { http } = await mesh.ports();
    const tookMs: number[] = [];
    for (let time = 0; time < 20; time++) {
      await write(0, [1]);
      await answeredBy('two');
      // Others change all the while.
      const others = Array.from({ length: 20 }, (_, i) => write(i + 1, [time % 2]));
      const startedAt = performance.now();
      await write(0, [0]);
      await answeredBy('one');
      tookMs.push(performance.now() - startedAt);
      await Promise.all(others);
    }
    const sorted = tookMs.toSorted((a, b) => a - b).map(Math.round);
    context.diagnostic(
      `an endpoint is out of use after ${sorted[10]} ms (median), ${sorted[19]} ms (slowest)`,
    );

    async function answeredBy(name: string): Promise<void> {
      await until(`an answer of ${name}`, async () => {
        const { echo } = await client.send({ ...http, host: 's0.many.maesh' });
        return echo?.name === name || undefined;
      });
    }
  });
});
