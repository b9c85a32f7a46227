import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { create, fromBinary } from '@bufbuild/protobuf';

import { cluster, endpoints } from '../../../test/kit/xds-resources.ts';
import {
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import type { Resource } from '../../translate/resources.ts';
import { PushEncoder } from './encode.ts';

const about = { typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster', nonce: '17', sequence: 4 };

describe('PushEncoder', () => {
  it('gives bytes that the generated code reads', () => {
    const resources: Resource[] = [
      cluster('a'),
      { ...cluster('name-with-ü'), version: '' },
      { ...endpoints('empty', []), bytes: new Uint8Array() },
      { ...cluster('big'), bytes: new Uint8Array(70_000).fill(7) },
    ];
    const push = { ...about, resources, removed: ['b', 'c'] };
    const expected = create(DeltaDiscoveryResponseSchema, {
      systemVersionInfo: '4',
      typeUrl: about.typeUrl,
      nonce: '17',
      removedResources: ['b', 'c'],
      resources: resources.map(({ name, version, typeUrl, bytes }) =>
        create(ResourceSchema, { name, version, resource: { typeUrl, value: bytes } }),
      ),
    });
    const bytes = new PushEncoder().encode(push);
    assert.deepEqual(fromBinary(DeltaDiscoveryResponseSchema, new Uint8Array(bytes)), expected);
  });

  it('gives what a new one would, whatever was encoded before', () => {
    const encoder = new PushEncoder();
    const all = Array.from({ length: 100 }, (_, index) => cluster(`c${index}`));
    const changed = all.with(50, cluster('c50', 2000));
    const lists = [all, changed, all, all.slice(0, 50), all.slice(0, 3), changed, []];
    const pushes = lists.flatMap((resources, index) => [
      { ...about, nonce: `${index}`, resources, removed: [] },
      { ...about, nonce: `${index} again`, resources: [...resources], removed: ['gone'] },
    ]);
    // Beginning with another one each time, and so many that some are forgotten.
    pushes.push(...all.map((_, index) => ({ ...about, resources: all.slice(index), removed: [] })));
    for (const push of [...pushes, ...pushes]) {
      assert.deepEqual(encoder.encode(push), new PushEncoder().encode(push));
    }
    encoder.forget();
    for (const push of pushes) assert.deepEqual(encoder.encode(push), new PushEncoder().encode(push));
  });

  it('gives an empty response', () => {
    const message = fromBinary(
      DeltaDiscoveryResponseSchema,
      new PushEncoder().encode({ ...about, resources: [], removed: [] }),
    );
    assert.equal(message.nonce, '17');
    assert.equal(message.resources.length, 0);
  });
});
