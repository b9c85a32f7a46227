// What CoreDNS itself says is in test/system/dns-check.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { check } from './check.ts';

test('check() gives every fault with the line of its server block', () => {
  const corefile = [
    '.:53 {', // 1
    '  cache 30',
    '  cache 20',
    '}',
    'example.org:a, EXAMPLE.net { # 5',
    '}',
    'example.net.:53 {', // 7
    '  bind 10.0.0.1',
    '}',
  ].join('\n');
  assert.deepEqual(
    check(corefile).map(({ line, message }) => `${line}: ${message}`),
    [
      '1: The plugin cache is there twice in .:53',
      '5: example.org:a is no zone with a port',
      '7: dns://example.net.:53 is served twice',
    ],
  );
});

test('check() gives only the first fault where nothing more can be read', () => {
  assert.deepEqual(check('.:a {\n'), [{ line: 1, message: 'Expected }, but the Corefile ends' }]);
});

test('check() lets blocks share a zone that are chosen by who asks, and variables be anything', () => {
  const byView = '.:53 {\n  view a {\n    expr true\n  }\n}\n.:53 {\n}\n';
  assert.deepEqual(check(byView), []);
  assert.deepEqual(check('{$ZONE}:{$PORT} {\n}\n{$ZONE}:{$PORT} {\n}\n'), []);
});
