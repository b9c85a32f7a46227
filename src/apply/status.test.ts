import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Problem } from '../model/problem.ts';
import { readComplaint, statusesOf, statusKey, statusManifest } from './status.ts';

const kinds = new Set(['TrafficSplit', 'TCPRoute']);

function problemOf(message: string, subject: Partial<Problem['subject']> = {}): Problem {
  return {
    code: 'MAESH_SPLIT_BACKEND',
    subject: {
      kind: 'TrafficSplit',
      namespace: 'store',
      name: 'canary',
      uid: 'uid-1',
      generation: 4,
      ...subject,
    },
    message,
    advice: 'Mend it.',
  };
}

describe('statusesOf()', () => {
  it('says all that is wrong with an object in one complaint, with the reason of the first', () => {
    const first: Problem = { ...problemOf('it is wrong'), code: 'MAESH_SPLIT_CONFLICT' };
    const [[key, status] = [], ...others] = statusesOf([first, problemOf('so is this')], kinds);
    assert.deepEqual(others, []);
    assert.equal(key, 'TrafficSplit store/canary');
    assert.deepEqual(status, {
      object: { kind: 'TrafficSplit', namespace: 'store', name: 'canary', uid: 'uid-1' },
      complaint: {
        reason: 'SplitConflict',
        message: 'it is wrong. Mend it. so is this. Mend it.',
        observedGeneration: 4,
      },
    });
  });

  it('tells kinds apart, and passes over those without a status and what is no object of a server', () => {
    const problems = [
      problemOf('a'),
      problemOf('b', { kind: 'TCPRoute' }),
      problemOf('c', { kind: 'Service' }),
      { ...problemOf('d'), subject: { kind: 'TrafficSplit', namespace: 'store', name: 'file' } },
    ];
    assert.deepEqual(
      [...statusesOf(problems, kinds).keys()],
      ['TrafficSplit store/canary', 'TCPRoute store/canary'],
    );
  });

  it('says no more than a definition takes', () => {
    const [status] = statusesOf([problemOf('ä'.repeat(40_000))], kinds).values();
    assert.ok(Buffer.byteLength(status?.complaint.message ?? '') <= 32_768);
  });
});

describe('a complaint', () => {
  const [{ object, complaint } = assert.fail()] = statusesOf([problemOf('it is wrong')], kinds).values();
  const version = { object, type: { group: 'split.smi-spec.io', version: 'v1alpha4' }, resourceVersion: '7' };

  it('is read as it was written', () => {
    const written = { ...complaint, lastTransitionTime: '2026-01-01T00:00:00Z' };
    const manifest = statusManifest(version, written);
    const { namespace, name } = object;
    const metadata = { namespace, name, resourceVersion: '7' };
    assert.deepEqual(manifest.metadata, metadata);
    assert.deepEqual(readComplaint({ ...manifest, metadata }), written);
    assert.equal(statusKey(object), 'TrafficSplit store/canary');
  });

  it('is none where the condition is true, of another type, or no condition', () => {
    const read = (...conditions: readonly unknown[]): unknown =>
      readComplaint({ metadata: { name: 'a', resourceVersion: '1' }, status: { conditions } });
    assert.equal(read({ type: 'Accepted', status: 'True' }), undefined);
    assert.equal(read({ type: 'Ready', status: 'False' }, 7, null), undefined);
    assert.equal(readComplaint({ metadata: { name: 'a', resourceVersion: '1' } }), undefined);
    assert.equal(statusManifest(version, undefined)['status'], undefined);
  });
});
