import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kinds } from '../../model/objects.ts';
import { kindParsers } from './kinds.ts';
import { parseNamespace } from './namespace.ts';
import { parseServiceAccount } from './service-account.ts';

describe('parseNamespace()', () => {
  it('reads a namespace, which is in none itself', () => {
    const parsed = parseNamespace({ metadata: { name: 'store', namespace: 'x', labels: { team: 'a' } } });
    assert.deepEqual(parsed, {
      object: { kind: 'Namespace', namespace: '', name: 'store', labels: { team: 'a' } },
    });
  });

  it('refuses a name that is none', () => {
    const parsed = parseNamespace({ metadata: { name: 'a.b' } });
    assert.ok('problems' in parsed);
    assert.deepEqual(parsed.problems[0]?.subject, { kind: 'Namespace', namespace: '', name: 'a.b' });
  });
});

describe('parseServiceAccount()', () => {
  it('reads a service account', () => {
    const parsed = parseServiceAccount({ metadata: { name: 'shop.v1' } });
    assert.deepEqual(parsed, {
      object: { kind: 'ServiceAccount', namespace: 'default', name: 'shop.v1', labels: {} },
    });
  });

  it('refuses a namespace and a name that are none', () => {
    const parsed = parseServiceAccount({ metadata: { name: 'A', namespace: 'a.b' } });
    assert.ok('problems' in parsed);
    assert.equal(parsed.problems.length, 2);
  });
});

describe('kindParsers', () => {
  it('has a parser for each kind of the model', () => {
    assert.deepEqual(Object.keys(kindParsers), kinds);
    for (const kind of kinds) assert.equal(kindParsers[kind].kind, kind);
  });
});
