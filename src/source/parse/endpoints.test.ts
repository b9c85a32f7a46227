import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseEndpoints } from './endpoints.ts';

const metadata = { name: 'shop', namespace: 'store' };

describe('parseEndpoints()', () => {
  it('reads subsets with ready and other addresses', () => {
    const parsed = parseEndpoints({
      metadata,
      subsets: [
        {
          addresses: [
            { ip: '127.0.0.1', nodeName: 'worker-1', targetRef: { kind: 'Pod', name: 'shop-1' } },
            { ip: 'fd00::1', targetRef: { kind: 'Service', name: 'shop' } },
          ],
          notReadyAddresses: [{ ip: '10.0.0.2' }],
          ports: [{ port: 8080, name: 'web' }],
        },
        { addresses: null, ports: null },
      ],
    });
    assert.ok('object' in parsed);
    assert.deepEqual(parsed.object, {
      kind: 'Endpoints',
      namespace: 'store',
      name: 'shop',
      labels: {},
      subsets: [
        {
          addresses: [
            { ip: '127.0.0.1', nodeName: 'worker-1', pod: 'shop-1' },
            { ip: 'fd00::1', nodeName: undefined, pod: undefined },
          ],
          notReadyAddresses: [{ ip: '10.0.0.2', nodeName: undefined, pod: undefined }],
          ports: [{ name: 'web', port: 8080, protocol: 'TCP', appProtocol: undefined }],
        },
        { addresses: [], notReadyAddresses: [], ports: [] },
      ],
    });
  });

  it('reads Endpoints without any subset', () => {
    const parsed = parseEndpoints({ metadata });
    assert.ok('object' in parsed);
    assert.deepEqual(parsed.object.subsets, []);
  });

  it('refuses what is no address', () => {
    const parsed = parseEndpoints({ metadata, subsets: [{ addresses: [{ ip: 'localhost' }] }] });
    assert.ok('problems' in parsed);
    assert.deepEqual(
      parsed.problems.map(({ message }) => message),
      ['subsets[0].addresses[0].ip is "localhost", but must be an IP address'],
    );
  });
});
