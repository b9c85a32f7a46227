import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { listen } from '../../test/kit/backends/backend.ts';
import { firstLocalPort, firstPortOf, probePort } from './local-ports.ts';

describe('probePort()', () => {
  it('finds a free port, and leaves it free', async () => {
    const port = await probePort({ what: 'a test', host: '127.0.0.1', port: 0 });
    assert.ok(port > 0);
    assert.equal(await probePort({ what: 'a test', host: '127.0.0.1', port }), port);
  });

  it('throws where another program has the port', async () => {
    const { port, close } = await listen(createServer(), { name: 'other', address: '127.0.0.1' });
    try {
      await assert.rejects(probePort({ what: 'a test', host: '127.0.0.1', port }), {
        code: 'MAESH_LISTEN_IN_USE',
        message: `Cannot open 127.0.0.1:${port} for a test: another program listens there`,
      });
    } finally {
      await close();
    }
  });
});

describe('firstLocalPort()', () => {
  it('is as low as this very process may go', async () => {
    const first = await firstLocalPort();
    await probePort({ what: 'a test', host: '127.85.0.1', port: first });
    if (first > 1) {
      await assert.rejects(probePort({ what: 'a test', host: '127.85.0.1', port: first - 1 }), {
        code: 'MAESH_LISTEN_DENIED',
      });
    }
    assert.ok(
      first === 1 ||
        first === Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')),
    );
  });

  it('depends on the right to open ports of the system, and on where the system says that they end', () => {
    const root = 'Name:\tnode\nCapEff:\t000001ffffffffff\n';
    const withoutRight = 'Name:\tnode\nCapEff:\t000001fffffffbff\n';
    assert.equal(firstPortOf({ status: root, setting: '1024\n' }), 1);
    assert.equal(firstPortOf({ status: withoutRight, setting: '1024\n' }), 1024);
    assert.equal(firstPortOf({ status: withoutRight, setting: '80\n' }), 80);
    assert.equal(firstPortOf({ status: withoutRight, setting: '0\n' }), 1);
  });

  it('is the usual one where the system does not say', () => {
    assert.equal(firstPortOf({ status: '', setting: '' }), 1024);
  });
});
