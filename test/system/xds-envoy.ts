// A real Envoy that takes its configuration from an XdsServer, a backend for it to proxy to, and a client.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get, Agent } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { Address } from '../kit/xds-resources.ts';

/** An Envoy that runs. */
export interface RunningEnvoy extends AsyncDisposable {
  /** Body of a page of its admin interface; empty while it does not answer yet. */
  admin(path: string): Promise<string>;
  /** What it has written to its log so far. */
  log(): string;
}

function bootstrap(xds: Address, nodeId: string): unknown {
  const source = { resource_api_version: 'V3', ads: {} };
  const socket = { address: xds.host, port_value: xds.port };
  return {
    node: { id: nodeId, cluster: 'test', metadata: { admin_port: 9901 } },
    admin: { address: { socket_address: { address: '127.81.0.2', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      cds_config: source,
      lds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: socket } } }] }],
          },
        },
      ],
    },
  };
}

/** Starts an Envoy; end it with `await using`. Does not wait until it has its configuration. */
export async function startEnvoy(xds: Address, nodeId = 'node-1'): Promise<RunningEnvoy> {
  const { path } = await findEnvoy({ log: silentLog });
  const folder = await mkdtemp(join(tmpdir(), 'maesh-xds-'));
  const adminFile = join(folder, 'admin');
  await writeFile(join(folder, 'bootstrap.json'), JSON.stringify(bootstrap(xds, nodeId)));
  const args = [
    '-c',
    join(folder, 'bootstrap.json'),
    '--admin-address-path',
    adminFile,
    '--disable-hot-restart',
  ];
  const more = ['--concurrency', '2', '-l', process.env['ENVOY_LOG_LEVEL'] ?? 'warning'];
  const child = spawn(path, [...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log += data.toString()));
  return {
    log: () => log,
    async admin(page) {
      const address = await readFile(adminFile, 'utf8').catch(() => '');
      if (address === '') return '';
      return fetch(`http://${address}${page}`).then(
        (response) => response.text(),
        () => '',
      );
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

/** A backend that answers every request with its own name. */
export async function startBackend(name: string): Promise<Address & AsyncDisposable> {
  const server = createServer((_, response) => response.end(name)).listen(0, '127.81.0.3');
  await once(server, 'listening');
  const { address: host, port } = server.address() as AddressInfo;
  return {
    host,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An address on which nothing listens. */
export async function freeAddress(): Promise<Address> {
  const server = createTcpServer().listen(0, '127.81.0.1');
  await once(server, 'listening');
  const { address: host, port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host, port };
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** What a request gets: its body where the status is 200, else the status, or the code of the connection's error. */
export async function request({ host, port }: Address): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const asked = get({ host, port, agent, timeout: 5000 }, (response) => {
    let body = '';
    response.on('data', (data: Buffer) => (body += data.toString()));
    response.on('end', () => resolve(response.statusCode === 200 ? body : String(response.statusCode)));
  });
  asked.on('timeout', () => asked.destroy(new Error('timeout')));
  asked.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  return promise;
}

/** Looks every few milliseconds until `look` gives something other than undefined or false. */
export async function until<Value>(
  what: string,
  look: () => Value | Promise<Value>,
  timeoutMs = 20_000,
): Promise<Exclude<Value, undefined | false>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    // One look after the other: each must see what the one before did not.
    const value = await look();
    if (value !== undefined && value !== false) return value as Exclude<Value, undefined | false>;
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}`);
    await delay(5);
  }
}
