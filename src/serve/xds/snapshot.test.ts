import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { cluster, resourcesOf as world } from '../../../test/kit/xds-resources.ts';
import { typeUrls } from '../../translate/resources.ts';
import { difference, noResources, resourcesOf } from './snapshot.ts';

const clusters = (...list: ReturnType<typeof cluster>[]): ReadonlyMap<string, ReturnType<typeof cluster>> =>
  world(list)[typeUrls.cluster];

describe('difference()', () => {
  it('names what is new or has another version, and what is gone', () => {
    const from = clusters(cluster('changed'), cluster('gone'), cluster('same'));
    const to = clusters(cluster('changed', 2000), cluster('new'), cluster('same'));
    assert.deepEqual(difference(from, to), { changed: ['changed', 'new'], removed: ['gone'] });
  });

  it('compares two maps once', () => {
    const [from, to] = [clusters(cluster('a')), clusters(cluster('b'))];
    assert.equal(difference(from, to), difference(from, to));
    assert.notEqual(difference(from, to), difference(to, from));
  });

  it('does not look into a map that is the same', () => {
    const map = clusters(cluster('a'));
    assert.deepEqual(difference(map, map), { changed: [], removed: [] });
  });
});

describe('resourcesOf()', () => {
  it('has nothing of a type that is not served', () => {
    const snapshot = { sequence: 1, resources: world([cluster('a')]) };
    assert.deepEqual([...resourcesOf(snapshot, typeUrls.cluster).keys()], ['a']);
    assert.equal(resourcesOf(snapshot, 'type.googleapis.com/x.y.Secret'), noResources);
    assert.equal(resourcesOf(snapshot, 'toString'), noResources);
  });
});
