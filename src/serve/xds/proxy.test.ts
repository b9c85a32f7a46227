import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { create } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';

import { NodeSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { identityOf, peerAddress } from './proxy.ts';

describe('identityOf()', () => {
  const nodeOf = (metadata?: JsonObject): Parameters<typeof identityOf>[0] =>
    create(NodeSchema, { id: 'n', cluster: 'c', ...(metadata === undefined ? {} : { metadata }) });

  it('reads id, cluster and admin port', () => {
    assert.deepEqual(identityOf(nodeOf({ admin_port: 9901 })), { id: 'n', cluster: 'c', adminPort: 9901 });
  });

  it('knows no admin port where there is none, or no port', () => {
    for (const metadata of [
      undefined,
      {},
      ...['9901', 0, 70_000, 1.5, null].map((port) => ({ admin_port: port })),
    ]) {
      assert.equal(identityOf(nodeOf(metadata)).adminPort, undefined);
    }
  });
});

describe('peerAddress()', () => {
  it('is the address without its port', () => {
    assert.equal(peerAddress('10.0.0.7:41234'), '10.0.0.7');
    assert.equal(peerAddress('::1:41234'), '::1');
    assert.equal(peerAddress('fd00::7:41234'), 'fd00::7');
    assert.equal(peerAddress('::ffff:10.0.0.7:41234'), '10.0.0.7');
    assert.equal(peerAddress('unknown'), 'unknown');
  });
});
