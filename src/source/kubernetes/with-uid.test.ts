import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { kubePod, kubeService, kubeSlice } from '../../../test/kit/objects.ts';
import type { Problem } from '../../model/problem.ts';
import { withUid } from './with-uid.ts';

describe('withUid()', () => {
  it('tells the object that was read, and the one that a problem is about', () => {
    const service = kubeService();
    assert.deepEqual(withUid({ object: service }, 'uid-1'), { object: { ...service, uid: 'uid-1' } });
    const subject = { kind: 'Service', namespace: 'store', name: 'shop' };
    const problem: Problem = {
      code: 'MAESH_OBJECT_INVALID',
      subject,
      message: 'it is wrong',
      advice: 'Mend it',
    };
    assert.deepEqual(withUid({ problems: [problem] }, 'uid-1'), {
      problems: [{ ...problem, subject: { ...subject, uid: 'uid-1' } }],
    });
  });

  it('keeps nothing of pods and slices, and nothing where there is none', () => {
    for (const object of [kubePod(), kubeSlice()]) {
      const parsed = { object };
      assert.equal(withUid(parsed, 'uid-1'), parsed);
    }
    const parsed = { object: kubeService() };
    assert.equal(withUid(parsed, undefined), parsed);
  });
});
