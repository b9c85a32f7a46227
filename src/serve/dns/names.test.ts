import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Service, Topology } from '../../model/topology.ts';
import { namesOf } from './names.ts';

function topologyOf(...services: readonly [namespace: string, name: string, address?: string][]): Topology {
  const entries = services.map(([namespace, name, localAddress]): [string, Service] => {
    const key = `${namespace}/${name}`;
    return [key, { key, namespace, name, ports: [], localAddress }];
  });
  return { services: new Map(entries), problems: [] };
}

test('namesOf() is not ready and knows nothing while there is no topology', () => {
  const names = namesOf(() => undefined);
  assert.equal(names.isReady(), false);
  assert.equal(names.lookup('store', 'shop'), undefined);
  assert.equal(names.hasNamespace('store'), false);
});

test('namesOf() knows services with an address, and the namespaces they lie in', () => {
  const names = namesOf(() => topologyOf(['store', 'shop', '127.85.1.1'], ['back', 'hidden']));
  assert.equal(names.isReady(), true);
  assert.equal(names.lookup('store', 'shop'), '127.85.1.1');
  assert.equal(names.lookup('shop', 'store'), undefined);
  assert.equal(names.lookup('back', 'hidden'), undefined);
  assert.equal(names.hasNamespace('store'), true);
  assert.equal(names.hasNamespace('back'), false);
});

test('namesOf() follows the topology', () => {
  let topology = topologyOf(['store', 'shop', '127.85.1.1']);
  const names = namesOf(() => topology);
  assert.equal(names.hasNamespace('store'), true);
  topology = topologyOf(['other', 'shop', '127.85.1.2']);
  assert.equal(names.hasNamespace('store'), false);
  assert.equal(names.hasNamespace('other'), true);
  assert.equal(names.lookup('other', 'shop'), '127.85.1.2');
});
