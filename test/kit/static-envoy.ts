// A real Envoy that is told a topology through files instead of an xDS server: what the translation says is tried
// without anything else of Maesh. Files are replaced by renaming, which Envoy notices.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { JsonObject } from '@bufbuild/protobuf';

import { bootstrap } from '../../src/translate/bootstrap.ts';
import { resourcesToJson, type ResourcesJson } from '../../src/translate/inspect.ts';
import type { Resources } from '../../src/translate/resources.ts';
import { type EnvoyProcess, startEnvoyProcess } from './envoy-process.ts';

/** A running Envoy; ended, with its files, when disposed of. */
export interface StaticEnvoy extends EnvoyProcess {
  /** Tells it other resources. Resolves when they are written; when they take effect is for the test to wait for. */
  readonly tell: (resources: Resources) => Promise<void>;
}

/** Starts an Envoy with these resources. Resolves when it serves; rejects with its log if it doesn't. */
export async function startStaticEnvoy(resources: Resources): Promise<StaticEnvoy> {
  const folder = await mkdtemp(join(tmpdir(), 'maesh-resources-'));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const files = new ResourceFiles(folder);
  await files.write(resources);
  const envoy = cleanUp.use(await startEnvoyProcess(bootstrapFromFiles(folder)));
  const rest = cleanUp.move();
  return { ...envoy, tell: (next) => files.write(next), [Symbol.asyncDispose]: () => rest.disposeAsync() };
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
    if ('config_discovery' in object) return inlineExtension(String(object['name']), json);
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

/** A filter with its configuration, which comes apart from its listener on the stream. */
function inlineExtension(wanted: string, json: ResourcesJson): unknown {
  const { '@type': _type, ...found } = json.extensions?.find((extension) => name(extension) === wanted) ?? {};
  return found;
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
