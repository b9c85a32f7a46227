import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EntityTags, isMatching } from './etag.ts';

test('a reference keeps its tag, and no two have the same, nor after a restart', () => {
  const tags = new EntityTags();
  const [one, other] = [{}, {}];
  assert.equal(tags.of(one), tags.of(one));
  assert.notEqual(tags.of(one), tags.of(other));
  assert.notEqual(tags.of(one), new EntityTags().of(one));
  assert.match(tags.of(one), /^"[0-9a-f]{8}-1"$/);
});

test('isMatching() reads lists, weak tags and the asterisk', () => {
  assert.ok(isMatching('"a"', '"a"'));
  assert.ok(isMatching('"b", W/"a"', '"a"'));
  assert.ok(isMatching(' * ', '"a"'));
  assert.ok(!isMatching('"b"', '"a"'));
  assert.ok(!isMatching('a', '"a"'));
  assert.ok(!isMatching('', '"a"'));
  assert.ok(!isMatching(undefined, '"a"'));
});
