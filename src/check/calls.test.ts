import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { clientOf, replies } from '../../test/kit/kube-answers.ts';
import { lookAtCalls, type Calls } from './calls.ts';
import { Cluster } from './cluster.ts';

const metadata = { name: 'p', namespace: 'maesh', resourceVersion: '1' };
const template = { spec: { containers: [] } };
const daemonSet = { metadata, spec: { selector: { matchLabels: { a: 'b' } }, template } };

/** What is seen where a proxy answers so, and then so; undefined for one that fails. */
async function seen(looks: readonly (object | undefined)[], isReady = true): Promise<Calls> {
  const status = {
    podIPs: [{ ip: '10.0.0.1' }],
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
  };
  const lists: Readonly<Record<string, object>> = {
    daemonsets: daemonSet,
    pods: { metadata, spec: { nodeName: 'n', containers: [{}] }, status },
  };
  const answers = looks.values();
  const { client, url } = await clientOf((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    const item = lists[path.slice(path.lastIndexOf('/') + 1)];
    if (item !== undefined) {
      replies(200, { items: [item], metadata: { resourceVersion: '1' } })(request, response);
      return;
    }
    assert.equal(path, '/api/v1/namespaces/maesh/pods/p%3A9901/proxy/stats');
    const { value } = answers.next();
    replies(value === undefined ? 403 : 200, value ?? {})(request, response);
  });
  return await lookAtCalls(new Cluster({ client, server: url, namespace: 'maesh', version: '2.0.0' }), 0);
}

/** What an Envoy answers. */
function stats(values: Readonly<Record<string, number>>): object {
  return { stats: Object.entries(values).map(([name, value]) => ({ name, value })) };
}

const total = 'cluster.store/shop/80.upstream_rq_total';
const active = 'cluster.store/shop/80.upstream_rq_active';
const arrived = 'http.mesh.downstream_rq_total';

describe('lookAtCalls()', () => {
  it('counts what came between the looks, and what is open', async () => {
    const { ports, ...all } = await seen([
      stats({ [total]: 7, [arrived]: 9 }),
      stats({ [total]: 9, [active]: 1, [arrived]: 12, 'listener.http/5000.downstream_cx_active': 3 }),
    ]);
    assert.deepEqual(ports, [{ port: 'store/shop/80', calls: 2, open: 1, bytes: 0 }]);
    assert.deepEqual(all, { proxies: ['p'], arrived: 3, connections: 3, unknown: [] });
  });

  it('leaves out what was not called in between', async () => {
    assert.deepEqual((await seen([stats({ [total]: 7 }), stats({ [total]: 7 })])).ports, []);
  });

  it('counts a proxy that has started anew from its start', async () => {
    const looks = [stats({ [total]: 70, [arrived]: 70 }), stats({ [total]: 3, [arrived]: 4 })];
    const { ports, arrived: came } = await seen(looks);
    assert.deepEqual([ports[0]?.calls, came], [3, 4]);
  });

  it('takes nothing else for a proxy', async () => {
    const other = { stats: 'none' };
    assert.deepEqual((await seen([other, other])).unknown, [
      'pod p on node n: what answers there is no Envoy',
    ]);
  });

  it('does not take for uncalled what it does not know, but for a proxy that serves nobody', async () => {
    for (const looks of [
      [stats({ [total]: 7 }), undefined],
      [undefined, stats({ [total]: 7 })],
    ]) {
      const { unknown, ports } = await seen(looks);
      assert.deepEqual(ports, []);
      assert.equal(unknown.length, 1);
      assert.match(unknown[0] ?? '', /^pod p on node n: .+/);
      assert.deepEqual((await seen(looks, false)).unknown, []);
    }
  });
});
