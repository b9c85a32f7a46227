import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { kubePod, kubeService, kubeSlice } from '../../../test/kit/objects.ts';
import { kubeSplit } from '../../../test/kit/smi-objects.ts';
import type { Problem } from '../../model/problem.ts';
import { withIdentity } from './with-identity.ts';

describe('withIdentity()', () => {
  it('tells the object that was read, and the one that a problem is about', () => {
    const service = kubeService();
    assert.deepEqual(withIdentity({ object: service }, { uid: 'uid-1' }), {
      object: { ...service, uid: 'uid-1' },
    });
    const subject = { kind: 'Service', namespace: 'store', name: 'shop' };
    const problem: Problem = {
      code: 'MAESH_OBJECT_INVALID',
      subject,
      message: 'it is wrong',
      advice: 'Mend it',
    };
    assert.deepEqual(withIdentity({ problems: [problem] }, { uid: 'uid-1' }), {
      problems: [{ ...problem, subject: { ...subject, uid: 'uid-1' } }],
    });
  });

  it('tells which generation was read of what has a status', () => {
    const split = kubeSplit();
    const given = { uid: 'uid-1', generation: 3 };
    assert.deepEqual(withIdentity({ object: split }, given), { object: { ...split, ...given } });
    const service = kubeService();
    assert.deepEqual(withIdentity({ object: service }, given), { object: { ...service, uid: 'uid-1' } });
  });

  it('keeps nothing of pods and slices, and nothing where there is none', () => {
    for (const object of [kubePod(), kubeSlice()]) {
      const parsed = { object };
      assert.equal(withIdentity(parsed, { uid: 'uid-1' }), parsed);
    }
    const parsed = { object: kubeService() };
    assert.equal(withIdentity(parsed, {}), parsed);
  });
});
