import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { isInZone, readAddress } from './server-address.ts';

suite('readAddress()', () => {
  test('gives transport, zone and port, with the usual port where none is named', () => {
    const read = {
      '.': ['dns', '', 53],
      '.:53': ['dns', '', 53],
      'Example.ORG.:1053': ['dns', 'example.org', 1053],
      'dns://cluster.local': ['dns', 'cluster.local', 53],
      'tls://.': ['tls', '', 853],
      'https://example.org': ['https', 'example.org', 443],
      '10.0.0.0/24': ['dns', '10.0.0.0/24', 53],
      '2001:db8::/32:1053': ['dns', '2001:db8::/32', 1053],
      '2001:db8::/32': ['dns', '2001:db8::/32', 53],
    };
    for (const [key, [transport, zone, port]] of Object.entries(read))
      assert.deepEqual(readAddress(key), { transport, zone, port }, key);
  });

  test('gives nothing of what CoreDNS refuses', () => {
    const labels = Array.from({ length: 32 }, () => 'eightlet').join('.');
    for (const key of [
      '.:dns',
      'a:',
      '.:65536',
      'a..b',
      `${'l'.repeat(64)}.org`,
      labels,
      'smtp://.',
      '',
      '}',
    ])
      assert.equal(readAddress(key), undefined, key);
  });
});

test('isInZone() compares whole labels', () => {
  assert.ok(isInZone('cluster.local', ''));
  assert.ok(isInZone('cluster.local', 'local'));
  assert.ok(isInZone('local', 'local'));
  assert.ok(!isInZone('mylocal', 'local'));
});
