// A real Envoy that is told a topology through files instead of an xDS server: what the translation says is tried
// without anything else of Maesh. Files are replaced by renaming, which Envoy notices.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { JsonObject } from '@bufbuild/protobuf';

import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { bootstrap } from '../../src/translate/bootstrap.ts';
import { resourcesToJson, type ResourcesJson } from '../../src/translate/inspect.ts';
import type { Resources } from '../../src/translate/resources.ts';
import { sendHttp } from './clients/http.ts';
import { until } from './until.ts';

/** A running Envoy; ended, with its files, when disposed of. */
export interface StaticEnvoy extends AsyncDisposable {
  readonly pid: number;
  /** Reads from the admin interface, such as `/stats?filter=upstream`. */
  readonly admin: (path: string) => Promise<string>;
  /** Tells it other resources. Resolves when they are written; when they take effect is for the test to wait for. */
  readonly tell: (resources: Resources) => Promise<void>;
  /** What it has logged: warnings and errors. */
  readonly log: () => string;
}

/** Starts an Envoy with two workers. Resolves when it serves; rejects with its log if it doesn't. */
export async function startStaticEnvoy(resources: Resources): Promise<StaticEnvoy> {
  const folder = await mkdtemp(join(tmpdir(), 'maesh-envoy-'));
  const files = new ResourceFiles(folder);
  await files.write(resources);
  const config = join(folder, 'bootstrap.json');
  await writeFile(config, JSON.stringify(bootstrapFromFiles(folder)));
  const adminFile = join(folder, 'admin');
  const { path } = await findEnvoy({ log: silentLog });
  const args = [
    '-c',
    config,
    '--admin-address-path',
    adminFile,
    '--concurrency',
    '2',
    '--disable-hot-restart',
  ];
  const child = spawn(path, [...args, '--log-level', 'warning'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const end = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  const admin = async (what: string): Promise<string> =>
    adminRequest(await readFile(adminFile, 'utf8'), what);
  try {
    const outcome = await until('Envoy to be ready', async () => {
      if (hasEnded(child)) return 'ended';
      return (await admin('/ready')) === 'LIVE\n' ? 'ready' : undefined;
    });
    if (outcome === 'ended') throw new Error(`Envoy ended: ${log}`);
  } catch (error) {
    await end();
    throw error;
  }
  const tell = (next: Resources): Promise<void> => files.write(next);
  return { pid: child.pid ?? 0, admin, tell, log: () => log, [Symbol.asyncDispose]: end };
}

async function adminRequest(address: string, path: string): Promise<string> {
  const { hostname, port } = new URL(`http://${address.trim()}`);
  return (await sendHttp({ address: hostname, port: Number(port), path, timeoutMs: 20_000 })).body;
}

async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** The product's own bootstrap, with files in place of the stream. */
function bootstrapFromFiles(folder: string): object {
  const nowhere = { address: '127.0.0.1', port: 1 };
  const real = bootstrap({
    nodeId: 'test',
    cluster: 'test',
    xds: nowhere,
    admin: { address: '127.0.0.1', port: 0 },
  });
  const { static_resources: _controller, ...rest } = real;
  return {
    ...rest,
    dynamic_resources: {
      cds_config: fromFile(folder, 'clusters'),
      lds_config: fromFile(folder, 'listeners'),
    },
  };
}

function fromFile(folder: string, name: string): object {
  return { resource_api_version: 'V3', path_config_source: { path: fileOf(folder, name) } };
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${encodeURIComponent(name)}.json`);
}

/**
 * Resources as files: one for all listeners, one for all clusters with their endpoints, and one for each
 * RouteConfiguration. Endpoints have no files of their own, because the kernel limits how many files a user may watch.
 */
class ResourceFiles {
  readonly #folder: string;
  readonly #written = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is referred to is written before what refers to it. */
  async write(resources: Resources): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const json = resourcesToJson(resources);
    await this.#file(
      'clusters',
      json.clusters.map((cluster) => withEndpoints(cluster, json)),
    );
    for (const routes of json.routes) await this.#file(`rds ${name(routes)}`, [routes]);
    await this.#file(
      'listeners',
      json.listeners.map((listener) => this.#local(listener, json)),
    );
  }

  async #file(file: string, resources: readonly unknown[]): Promise<void> {
    const text = JSON.stringify({ version_info: '1', resources });
    if (this.#written.get(file) === text) return;
    this.#written.set(file, text);
    const path = fileOf(this.#folder, file);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  /** A copy in which references to routes on the stream are to files. Scoped routes are put in where they are used. */
  #local(value: unknown, json: ResourcesJson): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#local(item, json));
    if (typeof value !== 'object' || value === null) return value;
    const { rds_config_source: _stream, ...object } = value as Readonly<Record<string, unknown>>;
    const entries = Object.entries(object).map(([key, field]): [string, unknown] => {
      switch (key) {
        case 'config_source':
          return [key, fromFile(this.#folder, `rds ${String(object['route_config_name'])}`)];
        case 'scoped_rds':
          return ['scoped_route_configurations_list', { scoped_route_configurations: inlineScopes(json) }];
        default:
          return [key, this.#local(field, json)];
      }
    });
    return Object.fromEntries(entries);
  }
}

function withEndpoints(cluster: JsonObject, json: ResourcesJson): object {
  const { eds_cluster_config: eds, ...rest } = cluster;
  const wanted = (eds as { readonly service_name?: string }).service_name ?? cluster['name'];
  const found = json.endpoints.find((assignment) => name(assignment) === wanted);
  if (found === undefined) throw new Error(`Nothing is told of the endpoints of ${name(cluster)}`);
  const { '@type': _type, ...assignment } = found;
  return { ...rest, type: 'STATIC', load_assignment: { ...assignment, cluster_name: cluster['name'] } };
}

function inlineScopes(json: ResourcesJson): unknown[] {
  return json.scopedRoutes.map(({ '@type': _type, route_configuration_name: routes, ...scope }) => {
    const { '@type': _routesType, ...found } =
      json.routes.find((candidate) => candidate['name'] === routes) ?? {};
    return { ...scope, route_configuration: found };
  });
}

function name(resource: Readonly<Record<string, unknown>>): string {
  return String(resource['cluster_name'] ?? resource['name']);
}
