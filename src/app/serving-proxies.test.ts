import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typeUrls } from '../translate/resources.ts';
import { countServing } from './serving-proxies.ts';

const proxies = [
  { id: 'a', ready: true },
  { id: 'b', ready: true },
  { id: 'c', ready: false },
];

describe('countServing()', () => {
  it('counts proxies that have all that they are told', () => {
    assert.equal(countServing(proxies, []), 2);
  });

  it('leaves out one that refuses a listener or routes, and no other', () => {
    for (const typeUrl of [typeUrls.listener, typeUrls.routes]) {
      assert.equal(countServing(proxies, [{ node: 'a', typeUrl }]), 1);
    }
    assert.equal(countServing(proxies, [{ node: 'a', typeUrl: typeUrls.cluster }]), 2);
  });
});
