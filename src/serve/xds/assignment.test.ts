import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { create, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';

import { cluster } from '../../../test/kit/xds-resources.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';
import type { Resource } from '../../translate/resources.ts';
import { assignmentOf } from './assignment.ts';
import { Warming } from './warming.ts';

function clusterOf(init: MessageInitShape<typeof ClusterSchema>): Resource {
  const { name } = create(ClusterSchema, init);
  return { ...cluster(name), bytes: toBinary(ClusterSchema, create(ClusterSchema, init)) };
}

const eds = { case: 'type', value: Cluster_DiscoveryType.EDS } as const;

describe('assignmentOf()', () => {
  it('is the name of the cluster, or its service name', () => {
    assert.equal(assignmentOf(cluster('shop')), 'shop');
    const named = {
      name: 'tcp-20000',
      clusterDiscoveryType: eds,
      edsClusterConfig: { serviceName: 'store/db/5432' },
    };
    assert.equal(assignmentOf(clusterOf(named)), 'store/db/5432');
  });

  it('is nothing for a cluster that has its endpoints from elsewhere, or cannot be read', () => {
    assert.equal(
      assignmentOf(clusterOf({ name: 'static', edsClusterConfig: { serviceName: 'x' } })),
      undefined,
    );
    assert.equal(
      assignmentOf({ ...cluster('broken'), bytes: new Uint8Array([0x0a, 0xff, 0xff]) }),
      undefined,
    );
  });
});

describe('Warming', () => {
  it('waits for the assignment that a cluster had last', () => {
    const warming = new Warming();
    const name = 'tcp-20000';
    const of = (serviceName: string): Resource =>
      clusterOf({ name, clusterDiscoveryType: eds, edsClusterConfig: { serviceName } });
    assert.equal(warming.begin(of('one')), 'one');
    assert.equal(warming.begin(of('two')), 'two');
    warming.end('one');
    assert.deepEqual([...warming.assignments()], ['two']);
    assert.equal(warming.begin(clusterOf({ name })), undefined);
    assert.equal(warming.first, undefined);
  });

  it('waits for an assignment that another cluster waits for too when one is gone', () => {
    const warming = new Warming();
    const shared = { clusterDiscoveryType: eds, edsClusterConfig: { serviceName: 'shared' } };
    warming.begin(clusterOf({ name: 'one', ...shared }));
    warming.begin(clusterOf({ name: 'two', ...shared }));
    warming.drop('one');
    warming.drop('never-there');
    assert.equal(warming.first, 'shared');
    warming.drop('two');
    assert.equal(warming.first, undefined);
  });
});
