import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { shadowName } from '../apply/shadow-name.ts';
import { LongNames } from './long-names.ts';
import { meshOf } from './mesh-of.ts';

const long = (index: number): string => `store/${'shop-'.repeat(9)}${index}`;

describe('LongNames', () => {
  it('has the services alone whose shadow Services have shortened names, sorted', () => {
    const names = new LongNames('maesh');
    assert.deepEqual([...names.current], []);
    for (const service of [long(2), 'store/shop', long(1)]) names.set(service, true);
    const expected = [long(1), long(2)].map((key) => [
      key.split('/').toReversed().join('.'),
      shadowName('maesh', key),
    ]);
    assert.deepEqual([...names.current], expected);
  });

  it('stays the same map until one comes or goes', () => {
    const names = new LongNames('maesh');
    names.set(long(1), true);
    const { current } = names;
    names.set(long(1), true);
    names.set('store/shop', true);
    names.set(long(2), false);
    assert.equal(names.current, current);
    names.set(long(1), false);
    assert.deepEqual([...names.current], []);
  });

  it('has no more than DNS has room for, and says how many are left out', () => {
    const names = new LongNames('maesh');
    for (let index = 0; index < 2_500; index++) names.set(long(index), true);
    assert.equal(names.current.size + names.left, 2_500);
    assert.ok(names.left > 0);
  });
});

describe('meshOf', () => {
  it('finds the namespace of the mesh in our rules and in the original’s', () => {
    const rules = [
      'rewrite stop name regex ^(a)\\.maesh\\.$ {1}mesh-2-{2}-6d61657368-{3}.mesh-2.svc.cluster.local answer name',
      'name regex ([a-z]*)\\.([a-z]*)\\.maesh mesh-2-{1}-6d61657368-{2}.mesh-2.svc.cluster.local',
    ];
    for (const rule of rules) assert.equal(meshOf(`.:53 {\n}\nmaesh:53 {\n${rule}\n}\n`), 'mesh-2');
    assert.equal(meshOf('.:53 {\n}\n'), undefined);
  });
});
