import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { clientOf, closing, replies } from '../../test/kit/kube-answers.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { until } from '../../test/kit/until.ts';
import { OriginalProxies, type PodOfProxy } from './original-proxies.ts';

const original: PodOfProxy = { name: 'traefik', node: 'node1', isReady: true, isOriginals: true };
const ours: PodOfProxy = { name: 'envoy', node: 'node1', isReady: true, isOriginals: false };

/** What there is, and what is answered. */
interface Cluster {
  pods: readonly PodOfProxy[];
  /** Names of pods that are out of the mesh. */
  relieved: readonly string[];
  /** Of answers to changes. */
  status: number;
}

interface Leading {
  readonly cluster: Cluster;
  readonly log: RecordLog;
  /** Waits so long, until what is done then is done, and returns the calls that were made. */
  readonly after: (ms: number) => Promise<readonly string[]>;
}

/** Begins to lead in a mesh of a hundred services. */
async function lead(given: Partial<Cluster> = {}): Promise<Leading> {
  const cluster: Cluster = { pods: [original, ours], relieved: [], status: 200, ...given };
  const { client, seen } = await clientOf((request, response) => {
    const items = cluster.relieved.map((name) => ({ metadata: { name, uid: name, resourceVersion: '1' } }));
    const list = replies(200, { metadata: { resourceVersion: '1' }, items });
    const change = replies(cluster.status, { metadata: { name: 'x', resourceVersion: '1' } });
    (request.method === 'GET' ? list : change)(request, response);
  });
  const [clock, log, end] = [new FakeClock(), new RecordLog(), new AbortController()];
  const proxies = new OriginalProxies({
    client,
    namespace: 'maesh',
    pods: () => cluster.pods,
    services: () => 100,
    timing: { lookMs: 1_000, hearingMs: 20_000, writingMs: 50 },
    log,
    clock,
  });
  const ended = proxies.lead(end.signal);
  closing.push(async () => {
    end.abort();
    await ended;
  });
  const looked = (): Promise<true> => until('the look to be over', () => clock.waiting === 1 || undefined);
  await looked();
  const after = async (ms: number): Promise<readonly string[]> => {
    clock.advance(ms);
    await looked();
    return seen
      .splice(0)
      .map(({ method, url, body }) => [method, url.split('/').at(-1), body].join(' ').trim());
  };
  return { cluster, log, after };
}

const list = 'GET pods?labelSelector=component%3Drelieved-proxy&limit=250';
const patch = 'PATCH traefik?fieldManager=maesh {"metadata":{"labels":{"component":"relieved-proxy"}}}';

describe('a proxy of the original', () => {
  it('is taken out of the mesh when one of ours is ready on its node', async () => {
    const { cluster, after } = await lead({ pods: [original] });
    assert.deepEqual(await after(0), [list]);
    const elsewhere = { ...ours, node: 'node2' };
    for (const other of [{ ...ours, isReady: false }, elsewhere, { ...original, name: 'other' }]) {
      cluster.pods = [original, other];
      assert.deepEqual(await after(1_000), []);
    }
    cluster.pods = [original, ours];
    assert.deepEqual(await after(1_000), [patch, list]);
  });

  it('is not while it is on no node', async () => {
    const nowhere = { node: undefined };
    const { after } = await lead({
      pods: [
        { ...original, ...nowhere },
        { ...ours, ...nowhere },
      ],
    });
    assert.deepEqual(await after(0), [list]);
  });

  it('is deleted when the cluster has written that down for all services, and nodes have heard of it', async () => {
    const { cluster, after } = await lead({ pods: [ours], relieved: ['traefik'] });
    assert.deepEqual(await after(24_999), [list, list]);
    const [, deletion = ''] = await after(1_000);
    assert.match(deletion, /^DELETE traefik .*"uid":"traefik"/);
    cluster.relieved = [];
    assert.deepEqual(await after(1_000), [list]);
    assert.deepEqual(await after(1_000), []);
  });

  it('may be gone already', async () => {
    const { log, after } = await lead({ status: 404 });
    assert.deepEqual(await after(0), [patch, list]);
    assert.ok(log.lines.every(({ level }) => level === 'info'));
  });

  it('is tried again where the server does not let it be changed, which is said once', async () => {
    const { cluster, log, after } = await lead({ status: 403 });
    assert.deepEqual(await after(0), [patch]);
    assert.deepEqual(await after(1_000), [patch]);
    assert.equal(log.lines.length, 1);
    assert.equal(log.lines[0]?.level, 'warn');
    cluster.status = 200;
    assert.deepEqual(await after(1_000), [patch, list]);
  });
});
