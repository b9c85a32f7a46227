import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { toJson } from '@bufbuild/protobuf';
import { AdminSchema } from '../gen/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import { adminInterface } from './admin.ts';

function allowed(address: string): string | undefined {
  const { allowPaths } = toJson(AdminSchema, adminInterface({ address, port: 9901 })) as {
    allowPaths?: unknown;
  };
  return allowPaths === undefined ? undefined : JSON.stringify(allowPaths);
}

describe('adminInterface()', () => {
  it('leaves it whole on loopback addresses', () => {
    for (const address of ['127.0.0.1', '127.1.2.3', '::1'])
      assert.equal(allowed(address), undefined, address);
  });

  it('lets others read only, and nobody end the proxy', () => {
    for (const address of ['::', '0.0.0.0', '10.1.2.3', 'fd00::1']) {
      assert.match(allowed(address) ?? '', /"\/config_dump"/, address);
      assert.doesNotMatch(
        allowed(address) ?? '',
        /quit|logging|runtime|healthcheck|"\/"|"\/drain_listeners"/,
        address,
      );
    }
  });
});
