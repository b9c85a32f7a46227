import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readCheckedPod } from './pods.ts';

function trouble(status: object, metadata: object = {}): string | undefined {
  const spec = { nodeName: 'a', containers: [{ ports: [{ name: 'api', containerPort: 9000 }] }] };
  return readCheckedPod({ metadata: { name: 'p', resourceVersion: '1', ...metadata }, spec, status })
    ?.trouble;
}

const state = (given: object): object => ({ name: 'c', state: given });

describe('readCheckedPod()', () => {
  it('says why a pod is not ready, by its containers before its probes', () => {
    const waiting = state({ waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } });
    assert.equal(
      trouble({ containerStatuses: [waiting] }),
      'container c waits: CrashLoopBackOff: back-off 10s',
    );
    const ended = state({ terminated: { reason: 'Error', exitCode: 1 } });
    assert.equal(trouble({ initContainerStatuses: [ended] }), 'container c ended: Error');
    const done = state({ terminated: { reason: 'Completed', exitCode: 0 } });
    assert.match(trouble({ initContainerStatuses: [done] }) ?? '', /readiness probe fails/);
  });

  it('says what keeps a pod from a node, and that it is being deleted', () => {
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' };
    assert.equal(trouble({ conditions: [condition] }), 'it is on no node: Unschedulable: no node');
    assert.equal(trouble({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'it is being deleted');
  });

  it('leaves out pods that have ended', () => {
    assert.equal(trouble({ phase: 'Failed' }), undefined);
  });
});
