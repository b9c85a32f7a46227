import assert from 'node:assert/strict';
import { it } from 'node:test';

import { counted } from './counted.ts';

it('counted() names one and many', () => {
  assert.deepEqual(
    [counted(0, 'port'), counted(1, 'port'), counted(2, 'port')],
    ['0 ports', '1 port', '2 ports'],
  );
  assert.deepEqual(
    [counted(1, 'proxy', 'proxies'), counted(2, 'proxy', 'proxies')],
    ['1 proxy', '2 proxies'],
  );
});
