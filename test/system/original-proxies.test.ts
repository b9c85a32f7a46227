// Proxies of the original that still ask the controller for their configuration, as they do while they are replaced by ours.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { systemClock } from '../../src/runtime/clock.ts';
import { ConfigurationWriter } from '../../src/serve/http/configuration-json.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { findTraefik } from '../kit/fetch-traefik.ts';
import { freePort } from '../kit/free-port.ts';
import { until } from '../kit/until.ts';

const address = '127.120.2.1';

test('a proxy of the original keeps its routes when it is our controller that answers', async () => {
  // Both the controller and the service that is called.
  let configuration = '';
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url !== '/api/configuration/current') return response.end('shop');
    asked += 1;
    return response.setHeader('content-type', 'application/json').end(configuration);
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const url = `http://${address}:${port}`;
  const services = { shop: { loadBalancer: { servers: [{ url }] } } };
  configuration = JSON.stringify({
    http: { routers: { shop: { rule: 'PathPrefix(`/`)', service: 'shop' } }, services },
  });

  const entry = await freePort(address);
  const traefik = spawn(
    await findTraefik(),
    [
      `--entryPoints.http-5000.address=${address}:${entry}`,
      `--providers.http.endpoint=${url}/api/configuration/current`,
      '--providers.http.pollInterval=100ms',
      '--global.checkNewVersion=false',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let log = '';
  traefik.stdout.on('data', (text: Buffer) => (log += text.toString()));
  const call = async (): Promise<number> => (await sendHttp({ address, port: entry, path: '/' })).status;
  try {
    await until('the proxy to serve', async () => ((await call()) === 200 ? true : undefined));
    configuration = [...new ConfigurationWriter(systemClock).pieces(undefined)].join('');
    await until('the proxy to have read it', () =>
      log.includes('cannot decode configuration data') ? true : undefined,
    );
    const before = asked;
    await until('the proxy to have asked again', () => asked > before + 1 || undefined);
    assert.equal(await call(), 200);
  } finally {
    traefik.kill();
    server.close();
  }
});
