import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { put, take } from '../../test/kit/objects.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from '../../test/kit/smi-objects.ts';
import { SmiStore } from './smi-store.ts';
import { ObjectStore } from './store.ts';

describe('the objects of the Service Mesh Interface', () => {
  it('are found by what they refer to', () => {
    const smi = new SmiStore();
    const [split, target] = [kubeSplit({ routeGroups: ['api'] }), kubeTarget()];
    for (const object of [split, target]) smi.apply(put(object));
    assert.deepEqual([...smi.splitsOf('store/shop')], [split]);
    assert.deepEqual([...smi.splitsTo('store/shop-v2')], [split]);
    assert.deepEqual([...smi.splitsOn('store/api')], [split]);
    assert.equal(smi.target('store/api'), target);
    assert.deepEqual([...smi.targetsWith('HTTPRouteGroup', 'store/api')], [target]);
    assert.deepEqual([...smi.targetsWith('TCPRoute', 'store/api')], []);
  });

  it('are found no more by what they no longer refer to', () => {
    const smi = new SmiStore();
    smi.apply(put(kubeSplit()));
    const changed = kubeSplit({ service: 'bank', backends: [{ service: 'shop-v1', weight: 1 }] });
    smi.apply(put(changed));
    assert.deepEqual([...smi.splitsOf('store/shop')], []);
    assert.deepEqual([...smi.splitsTo('store/shop-v2')], []);
    assert.deepEqual([...smi.splitsTo('store/shop-v1')], [changed]);
    smi.apply(take(changed));
    assert.deepEqual([...smi.splitsOf('store/bank'), ...smi.splitsTo('store/shop-v1')], []);
  });

  it('are kept by the store of all objects, by key', () => {
    const store = new ObjectStore();
    const group = kubeRouteGroup();
    const tcp = { kind: 'TCPRoute' as const, namespace: 'store', name: 'db', labels: {}, ports: [1] };
    const udp = { kind: 'UDPRoute' as const, namespace: 'store', name: 'dns', labels: {}, ports: [] };
    store.apply([group, tcp, udp].map(put));
    assert.equal(store.smi.routeGroup('store/api'), group);
    assert.equal(store.smi.tcpRoute('store/db'), tcp);
    assert.equal(store.smi.udpRoute('store/dns'), udp);
    store.apply([take(group)]);
    assert.equal(store.smi.routeGroup('store/api'), undefined);
  });
});
