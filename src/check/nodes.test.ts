import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readNode, shouldBeOn, type CheckedNode, type Taint } from './nodes.ts';
import type { Toleration } from './workloads.ts';

const plain: Omit<CheckedNode, 'name'> = { labels: { disk: 'fast' }, isSchedulable: true, taints: [] };

function tainted(taint: Partial<Taint> = {}, ...tolerations: readonly Toleration[]): boolean {
  const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule', ...taint }];
  return shouldBeOn({ ...plain, taints }, { nodeSelector: {}, tolerations });
}

describe('shouldBeOn()', () => {
  it('is about nodes that pods are put on and that are selected', () => {
    const any = { nodeSelector: {}, tolerations: [] };
    assert.ok(shouldBeOn(plain, any));
    assert.ok(!shouldBeOn({ ...plain, isSchedulable: false }, any));
    assert.ok(shouldBeOn(plain, { ...any, nodeSelector: { disk: 'fast' } }));
    assert.ok(!shouldBeOn(plain, { ...any, nodeSelector: { disk: 'slow' } }));
  });

  it('leaves out nodes with a taint that is not tolerated', () => {
    assert.ok(!tainted());
    assert.ok(tainted({ effect: 'PreferNoSchedule' }));
    assert.ok(tainted({}, { key: 'gpu', value: 'yes' }));
    assert.ok(!tainted({}, { key: 'gpu', value: 'no' }));
    assert.ok(!tainted({}, { key: 'other', operator: 'Exists' }));
    assert.ok(tainted({}, { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }));
    assert.ok(!tainted({}, { key: 'gpu', operator: 'Exists', effect: 'NoExecute' }));
    assert.ok(tainted({}, { operator: 'Exists' }));
  });

  it('knows the taints that pods of DaemonSets tolerate by themselves', () => {
    assert.ok(tainted({ key: 'node.kubernetes.io/memory-pressure' }));
    assert.ok(!tainted({ key: 'node.kubernetes.io/network-unavailable' }));
  });
});

describe('readNode()', () => {
  const metadata = { name: 'a', resourceVersion: '1' };
  const conditions = [{ type: 'Ready', status: 'True' }];

  it('tells nodes on which pods are put from such as are not ready, or cordoned', () => {
    assert.deepEqual(readNode({ metadata, spec: {}, status: { conditions } }), {
      name: 'a',
      labels: {},
      isSchedulable: true,
      taints: [],
    });
    assert.ok(!readNode({ metadata, spec: { unschedulable: true }, status: { conditions } }).isSchedulable);
    assert.ok(!readNode({ metadata, spec: {} }).isSchedulable);
  });
});
