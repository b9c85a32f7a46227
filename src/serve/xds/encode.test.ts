import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { create, fromBinary } from '@bufbuild/protobuf';

import { cluster, endpoints } from '../../../test/kit/xds-resources.ts';
import {
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import type { Resource } from '../../translate/resources.ts';
import { encodePush } from './encode.ts';

const about = { typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster', nonce: '17', sequence: 4 };

describe('encodePush()', () => {
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
    assert.deepEqual(fromBinary(DeltaDiscoveryResponseSchema, new Uint8Array(encodePush(push))), expected);
    assert.deepEqual(encodePush(push), encodePush(push), 'also the second time');
  });

  it('gives an empty response', () => {
    const message = fromBinary(
      DeltaDiscoveryResponseSchema,
      encodePush({ ...about, resources: [], removed: [] }),
    );
    assert.equal(message.nonce, '17');
    assert.equal(message.resources.length, 0);
  });
});
