import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseEndpointSlice } from './endpoint-slice.ts';

const metadata = { name: 'shop-a', namespace: 'store', labels: { 'kubernetes.io/service-name': 'shop' } };

function sliceOf(value: unknown) {
  const parsed = parseEndpointSlice(value);
  assert.ok('object' in parsed, JSON.stringify(parsed));
  return parsed.object;
}

function mistakesIn(rest: object): string[] {
  const parsed = parseEndpointSlice({ metadata, addressType: 'IPv4', ...rest });
  assert.ok('problems' in parsed, JSON.stringify(parsed));
  return parsed.problems.map(({ message }) => message);
}

describe('parseEndpointSlice()', () => {
  it('reads a slice, counting conditions that are not given as Kubernetes does', () => {
    const addresses = ['10.0.0.1'];
    const slice = sliceOf({
      metadata,
      addressType: 'IPv4',
      endpoints: [
        { addresses },
        { addresses, conditions: { ready: false } },
        { addresses, conditions: { ready: false, serving: true, terminating: true } },
        { addresses, conditions: { ready: null, serving: null, terminating: null } },
      ],
      ports: [{ name: 'web', port: 8080, appProtocol: 'h2c' }, { protocol: 'UDP' }],
    });
    assert.equal(slice.service, 'shop');
    assert.deepEqual(
      slice.endpoints.map(({ ready, serving, terminating }) => [ready, serving, terminating]),
      [
        [true, true, false],
        [false, false, false],
        [false, true, true],
        [true, true, false],
      ],
    );
    assert.deepEqual(slice.ports, [
      { name: 'web', port: 8080, protocol: 'TCP', appProtocol: 'h2c' },
      { name: '', port: undefined, protocol: 'UDP', appProtocol: undefined },
    ]);
  });

  it('knows the pod, node and zone of an endpoint', () => {
    const endpoint = {
      addresses: ['fd00::1', 'fd00::2'],
      nodeName: 'worker-1',
      zone: 'eu-1a',
      targetRef: { kind: 'Pod', name: 'shop-1', namespace: 'store' },
    };
    const slice = sliceOf({
      metadata,
      addressType: 'IPv6',
      endpoints: [
        endpoint,
        { ...endpoint, nodeName: '', zone: null, targetRef: { kind: 'Node', name: 'n' } },
      ],
    });
    assert.deepEqual(slice.endpoints, [
      {
        addresses: ['fd00::1', 'fd00::2'],
        ready: true,
        serving: true,
        terminating: false,
        nodeName: 'worker-1',
        zone: 'eu-1a',
        pod: 'shop-1',
      },
      {
        addresses: ['fd00::1', 'fd00::2'],
        ready: true,
        serving: true,
        terminating: false,
        nodeName: undefined,
        zone: undefined,
        pod: undefined,
      },
    ]);
  });

  it('reads a slice of no service, without endpoints and ports', () => {
    const slice = sliceOf({ metadata: { name: 'a.b' }, addressType: 'IPv4', endpoints: null, ports: null });
    assert.equal(slice.service, '');
    assert.deepEqual([slice.endpoints, slice.ports], [[], []]);
  });

  it('takes host names only where the addressType says so', () => {
    const endpoints = [{ addresses: ['shop.example.com'] }];
    assert.equal(sliceOf({ metadata, addressType: 'FQDN', endpoints }).endpoints.length, 1);
    assert.deepEqual(mistakesIn({ endpoints }), [
      'endpoints[0].addresses[0] is "shop.example.com", but must be an IPv4 address, as the slice\'s addressType says',
    ]);
  });

  it('refuses addresses of the other family, and endpoints without any', () => {
    assert.deepEqual(mistakesIn({ endpoints: [{ addresses: ['10.0.0.1', 'fd00::1'] }] }), [
      'endpoints[0].addresses[1] is "fd00::1", but must be an IPv4 address, as the slice\'s addressType says',
    ]);
    assert.deepEqual(mistakesIn({ addressType: 'IPv6', endpoints: [{ addresses: ['10.0.0.1'] }] }), [
      'endpoints[0].addresses[0] is "10.0.0.1", but must be an IPv6 address, as the slice\'s addressType says',
    ]);
    assert.deepEqual(mistakesIn({ endpoints: [{ addresses: [] }, {}] }), [
      'endpoints[0].addresses is an empty list, but must be a list of at least one address',
      'endpoints[1].addresses is missing: it must be a list',
    ]);
  });

  it('refuses an unknown addressType and more endpoints than a slice has', () => {
    assert.deepEqual(mistakesIn({ addressType: 'IP' }), [
      'addressType is "IP", but must be one of IPv4, IPv6, FQDN',
    ]);
    const endpoints = Array.from({ length: 1_001 }, () => ({ addresses: ['10.0.0.1'] }));
    assert.deepEqual(mistakesIn({ endpoints }), [
      'endpoints is a list, but must be a list of at most 1000 items',
    ]);
  });
});
