import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectedProxy } from '../serve/xds/proxy.ts';
import type { ProxyPod } from '../source/kubernetes/proxy-pods.ts';
import { nodeConfiguration, nodesOf } from './nodes.ts';

function pod(given: Partial<ProxyPod>): ProxyPod {
  return {
    name: 'proxy-a',
    node: 'node-1',
    ips: ['10.0.0.1'],
    isReady: true,
    adminPort: undefined,
    isOriginals: false,
    ...given,
  };
}

function proxy(given: Partial<ConnectedProxy>): ConnectedProxy {
  return {
    id: 'node-1',
    cluster: 'maesh',
    adminPort: undefined,
    address: '10.0.0.1',
    connectedSince: new Date(0),
    acknowledged: 1,
    ready: true,
    ...given,
  };
}

describe('the nodes', () => {
  it('are the pods, wherever they are connected, ready as the cluster says', () => {
    const pods = [pod({}), pod({ name: 'proxy-b', ips: [], isReady: false })];
    const connected = [proxy({ ready: false })];
    assert.deepEqual(nodesOf({ pods, connected }), [
      { name: 'proxy-a', ip: '10.0.0.1', ready: true, adminPort: 9901 },
      { name: 'proxy-b', ip: '', ready: false, adminPort: 9901 },
    ]);
  });

  it('are all that is connected where there are no pods, and what runs in none beside them', () => {
    const connected = [proxy({ ready: false }), proxy({ id: 'laptop', address: '10.9.9.9', adminPort: 99 })];
    const laptop = { name: 'laptop', ip: '10.9.9.9', ready: true, adminPort: 99 };
    assert.deepEqual(nodesOf({ pods: [], connected }), [
      { name: 'node-1', ip: '10.0.0.1', ready: false, adminPort: undefined },
      laptop,
    ]);
    const nodes = nodesOf({ pods: [pod({})], connected });
    assert.deepEqual(nodes.slice(1), [laptop]);
  });

  for (const [what, given] of [
    ['its address', { address: 'fd00::1' }],
    ['its name', { id: 'proxy-a', address: '192.0.2.1' }],
  ] as const) {
    it(`have the admin port that a connected proxy tells, which is known by ${what}`, () => {
      const pods = [pod({ ips: ['10.0.0.1', 'fd00::1'], adminPort: 1 })];
      const [node, ...others] = nodesOf({ pods, connected: [proxy({ ...given, adminPort: 2 })] });
      assert.deepEqual([node?.name, node?.adminPort, others], ['proxy-a', 2, []]);
      assert.equal(nodesOf({ pods, connected: [] })[0]?.adminPort, 1);
    });
  }
});

describe('the configuration of a node', () => {
  it('can not be had of one that is unknown, has no address yet, or does not tell where to ask', async () => {
    const nodes = nodesOf({ pods: [pod({ ips: [] })], connected: [proxy({ id: 'laptop' })] });
    assert.deepEqual(await nodeConfiguration(nodes, 'proxy-b'), { kind: 'unknown' });
    assert.deepEqual(await nodeConfiguration(nodes, 'proxy-a'), {
      kind: 'unreachable',
      reason: 'its pod has no address yet',
    });
    assert.deepEqual(await nodeConfiguration(nodes, 'laptop'), {
      kind: 'unreachable',
      reason: 'its bootstrap does not say where its admin interface is',
    });
  });
});
