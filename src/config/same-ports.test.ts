import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { mistakeText } from './mistake.ts';
import { samePorts } from './same-ports.ts';

describe('samePorts', () => {
  it('tells of each port that another has taken', () => {
    const ports = { httpPort: 80, dnsPort: 53, apiPort: 80, xdsPort: 80 };
    assert.deepEqual(samePorts(ports, ['httpPort', 'dnsPort', 'apiPort', 'xdsPort']).map(mistakeText), [
      '--apiPort 80; --httpPort is the same port; give each a port of its own, or 0 for any free one',
      '--xdsPort 80; --httpPort is the same port; give each a port of its own, or 0 for any free one',
    ]);
    assert.deepEqual(samePorts(ports, ['httpPort', 'dnsPort']), []);
  });

  it('lets any number be any free port', () => {
    assert.deepEqual(samePorts({ apiPort: 0, xdsPort: 0 }, ['apiPort', 'xdsPort']), []);
  });
});
