import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { ApiObject } from './api-object.ts';
import { ReflectedSet, type ReflectedChange } from './reflected-set.ts';

interface Thing {
  readonly version: string;
}

function object(name: string, version: string): ApiObject {
  return { metadata: { namespace: 'shop', name, resourceVersion: version } };
}

function setOf(names: Readonly<Record<string, string>>, position: string): ReflectedSet<Thing> {
  const set = new ReflectedSet<Thing>({ decode: ({ metadata }) => ({ version: metadata.resourceVersion }) });
  set.beginList();
  for (const [name, version] of Object.entries(names)) set.addToList(object(name, version));
  set.endList(position);
  set.takeChanges();
  return set;
}

function told(changes: readonly ReflectedChange<Thing>[]): Record<string, string | undefined> {
  return Object.fromEntries(changes.map(({ key, value }) => [key, value?.version]));
}

suite('ReflectedSet', () => {
  test('a list that takes the place of another tells what differs, and keeps the value of what does not', () => {
    const set = setOf({ a: '1', b: '2', c: '3' }, '9');
    const kept = set.get('shop/a');
    set.beginList();
    assert.equal(set.position, undefined);
    for (const [name, version] of [
      ['a', '1'],
      ['b', '12'],
    ] as const)
      set.addToList(object(name, version));
    assert.equal(set.size, 3);
    set.endList('20');
    assert.deepEqual(told(set.takeChanges()), { 'shop/b': '12', 'shop/c': undefined });
    assert.equal(set.get('shop/a'), kept);
    assert.equal(set.position, '20');
  });

  test('a list that is begun anew forgets what the one before it had', () => {
    const set = setOf({}, '1');
    set.beginList();
    set.addToList(object('a', '2'));
    set.beginList();
    set.addToList(object('b', '3'));
    set.endList('4');
    assert.deepEqual(told(set.takeChanges()), { 'shop/b': '3' });
  });

  test('events before the end of a list count for it, but not those that are older than what it has', () => {
    const set = setOf({}, '1');
    set.beginList();
    set.addToList(object('a', '5'));
    set.addToList(object('b', '6'));
    set.addToList(object('a', '7'), 'DELETED');
    set.addToList(object('a', '5'), 'ADDED');
    set.addToList(object('b', '9'), 'MODIFIED');
    set.addToList(object('b', '8'), 'DELETED');
    set.endList('9');
    assert.deepEqual(told(set.takeChanges()), { 'shop/b': '9' });
    assert.equal(set.size, 1);
  });

  test('a version that has gone back, as after a restored backup, is taken from a list', () => {
    const set = setOf({ a: '500' }, '900');
    set.beginList();
    set.addToList(object('a', '20'));
    set.endList('30');
    assert.deepEqual(told(set.takeChanges()), { 'shop/a': '20' });
    assert.equal(set.take('MODIFIED', object('a', '31')), 'taken');
  });

  test('what came and went between two takings is not told', () => {
    const set = setOf({ a: '1' }, '1');
    set.take('ADDED', object('b', '2'));
    set.take('DELETED', object('b', '3'));
    set.take('DELETED', object('a', '4'));
    set.take('ADDED', object('a', '5'));
    assert.deepEqual(told(set.takeChanges()), { 'shop/a': '5' });
    assert.deepEqual(told(set.takeChanges()), {});
  });

  test('old events are known again if they are old news, and betray a stream out of order if not', () => {
    const set = setOf({ a: '4', b: '2' }, '6');
    assert.equal(set.take('MODIFIED', object('a', '4')), 'taken');
    assert.equal(set.take('ADDED', object('a', '3')), 'taken');
    assert.equal(set.take('DELETED', object('x', '5')), 'taken');
    assert.equal(set.take('MODIFIED', object('b', '5')), 'lost');
    assert.equal(set.take('DELETED', object('b', '5')), 'lost');
    assert.equal(set.take('ADDED', object('x', '5')), 'lost');
    assert.deepEqual(told(set.takeChanges()), {});
  });

  test('bookmarks move the position forward only', () => {
    const set = setOf({}, '6');
    assert.equal(set.bookmark('8'), 'newer');
    assert.equal(set.bookmark('7'), 'known');
    assert.equal(set.bookmark('8'), 'known');
    assert.equal(set.position, '8');
  });

  test('versions that have no order are taken as they come', () => {
    const set = setOf({ a: 'x' }, 'y');
    assert.equal(set.take('MODIFIED', object('a', 'w')), 'taken');
    assert.equal(set.bookmark('v'), 'newer');
    assert.deepEqual(told(set.takeChanges()), { 'shop/a': 'w' });
  });

  test('clear() tells that everything is gone, and asks for a list', () => {
    const set = setOf({ a: '1', b: '2' }, '6');
    set.clear();
    assert.deepEqual(told(set.takeChanges()), { 'shop/a': undefined, 'shop/b': undefined });
    assert.equal(set.position, undefined);
    assert.equal(set.size, 0);
  });
});
