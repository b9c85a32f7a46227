// The programs whose data paths are compared: each takes HTTP requests and TCP connections for the same backend.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { parseAddressRange } from '../../src/model/addresses.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { TopologyJson } from '../../src/serve/http/api-types.ts';
import { pathAddresses } from '../kit/addresses.ts';
import { Maesh } from '../kit/maesh.ts';
import { startServer, type RunningServer } from '../kit/server.ts';
import type { Tools } from '../kit/tools.ts';
import { World } from '../kit/world.ts';
import { bareEnvoy, httpPort, nginxConf, tcpPort, traefikDynamic, traefikFlags } from './configurations.ts';

/** Something that requests are sent to. */
export interface Contender {
  readonly name: string;
  /** Process whose processor time counts: the backend's own where there is no proxy. */
  readonly pid: number;
  readonly url: string;
  readonly host: string;
}

/** How the programs share the machine. */
export interface Sharing {
  /** Worker threads of each proxy. */
  readonly workers: number;
  /** What a proxy's command begins with, and what that of the backend and of the load does; empty: nothing. */
  readonly proxy: readonly string[];
  readonly rest: readonly string[];
}

/**
 * Every proxy has a session of its own, since Maesh gives its Envoy one: Linux shares processors out by session, and
 * what shares one with its client and its backend is given other turns (measured: a sixth more requests).
 */
const ownSession = 'setsid';

/** Proxies have a processor of their own: then they are the limit, and requests a second compare them. */
export const pinned: Sharing = {
  workers: 1,
  proxy: [ownSession, 'taskset', '-c', '0'],
  rest: ['taskset', '-c', '1'],
};

/** Everything runs everywhere, as it would where nobody takes care. */
export const shared: Sharing = { workers: 2, proxy: [ownSession], rest: [] };

const host = 'web.bench.maesh';

/** Everything that runs at the same time. */
export interface Arena extends AsyncDisposable {
  readonly http: readonly Contender[];
  readonly tcp: readonly Contender[];
}

/** Starts the backend, Maesh, the bare Envoy and Traefik. */
export async function openArena(tools: Tools, sharing: Sharing): Promise<Arena> {
  const stack = new AsyncDisposableStack();
  try {
    const world = stack.use(await World.create(10));
    const backend = stack.use(await startBackend(tools, { sharing, folder: world.scratch }));
    const envoy = stack.use(await startEnvoy(sharing, world.scratch));
    const traefik = stack.use(await startTraefik(tools, { sharing, folder: world.scratch }));
    const addresses = [pathAddresses.backend];
    await world.put({ namespace: 'bench', name: 'web', addresses });
    await world.put({ namespace: 'bench', name: 'raw', addresses, traffic: 'tcp' });
    const maesh = stack.use(await Maesh.start(world, { concurrency: sharing.workers, wrap: sharing.proxy }));
    const maeshPid = await maesh.envoyPid();
    const at = (name: string, pid: number, url: string): Contender => ({ name, pid, url, host });
    const alone = at('backend alone', backend.pid, urlOf(pathAddresses.backend, httpPort));
    return {
      http: [
        alone,
        at('bare Envoy', envoy.pid, urlOf(pathAddresses.envoy, httpPort)),
        at('Maesh, mesh port', maeshPid, await meshUrl(maesh, 'web')),
        at('Maesh, by Host', maeshPid, urlOf(maesh.http.host, maesh.http.port)),
        at('Traefik', traefik.pid, urlOf(pathAddresses.traefik, httpPort)),
      ],
      tcp: [
        alone,
        at('bare Envoy', envoy.pid, urlOf(pathAddresses.envoy, tcpPort)),
        at('Maesh, mesh port', maeshPid, await meshUrl(maesh, 'raw')),
        at('Traefik', traefik.pid, urlOf(pathAddresses.traefik, tcpPort)),
      ],
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function urlOf(address: string, port: number): string {
  return `http://${address}:${port}/`;
}

/** The mesh port that stands for a service, on the proxy's address: what a shadow Service leads to in a cluster. */
export async function meshUrl(maesh: Maesh, name: string): Promise<string> {
  const { services } = JSON.parse(await maesh.api('/api/topology/current')) as TopologyJson;
  const meshPort = services[`${name}@bench`]?.ports[0]?.meshPort;
  const proxy = parseAddressRange(maesh.range)?.proxy;
  if (typeof meshPort !== 'number' || proxy === undefined) throw new Error(`${name} has no mesh port`);
  return urlOf(proxy, meshPort);
}

/** Where a program is started. */
export interface Place {
  readonly sharing: Sharing;
  readonly folder: string;
}

/** Starts nginx, which answers every request. */
export async function startBackend(tools: Tools, { sharing, folder }: Place): Promise<RunningServer> {
  const file = join(folder, 'nginx.conf');
  await writeFile(file, nginxConf(folder));
  const command = ['-p', folder, '-c', file, '-e', 'stderr'];
  const at = { host: pathAddresses.backend, port: httpPort };
  return startServer(commandOf([...sharing.rest, tools.nginx, ...command]), at, tools.env);
}

async function startEnvoy(sharing: Sharing, folder: string): Promise<RunningServer> {
  const { path } = await findEnvoy({ log: silentLog });
  const file = join(folder, 'envoy.json');
  await writeFile(file, JSON.stringify(bareEnvoy));
  const flags = ['-c', file, '--concurrency', String(sharing.workers), '--log-level', 'error'];
  return startServer(commandOf([...sharing.proxy, path, ...flags, '--disable-hot-restart']), {
    host: pathAddresses.envoy,
    port: httpPort,
  });
}

async function startTraefik(tools: Tools, { sharing, folder }: Place): Promise<RunningServer> {
  // JSON is YAML, which Traefik reads.
  const file = join(folder, 'traefik.yaml');
  await writeFile(file, JSON.stringify(traefikDynamic));
  const command = commandOf([...sharing.proxy, tools.traefik, ...traefikFlags(file)]);
  return startServer(command, { host: pathAddresses.traefik, port: httpPort });
}

function commandOf([program, ...args]: readonly string[]): [program: string, ...args: string[]] {
  if (program === undefined) throw new Error('A command has a program');
  return [program, ...args];
}
