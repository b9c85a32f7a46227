import assert from 'node:assert/strict';
import { it } from 'node:test';

import { typeUrls } from '../translate/resources.ts';
import { proxiesJson } from './proxies-json.ts';

it('proxiesJson() says how far each proxy is, and how much it refuses', () => {
  const connected = (id: string, acknowledged: number) => ({
    id,
    cluster: 'maesh',
    adminPort: undefined,
    address: '10.0.0.1',
    connectedSince: new Date('2026-01-02T03:04:05Z'),
    acknowledged,
    ready: true,
  });
  const refused = (name: string) => ({
    node: 'b',
    typeUrl: typeUrls.cluster,
    name,
    version: '1',
    services: [],
    message: 'no',
  });
  const xds = {
    proxies: () => [connected('a', 7), connected('b', 6)],
    rejections: () => [refused('x'), refused('y')],
  };
  const common = { address: '10.0.0.1', connectedSince: '2026-01-02T03:04:05.000Z' };
  assert.deepEqual(proxiesJson(xds, 7), {
    sequence: 7,
    proxies: [
      { name: 'a', ...common, acknowledged: 7, refused: 0 },
      { name: 'b', ...common, acknowledged: 6, refused: 2 },
    ],
  });
});
