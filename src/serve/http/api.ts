// The HTTP API: what the mesh is, what proxies are told, how they are. It reads and never changes anything, so every
// method does the same on every path, as in Maesh 1.3.

import { Hono, type Context } from 'hono';

import { objectKey, type ServiceKey } from '../../model/key.ts';
import type { Problem } from '../../model/problem.ts';
import type { Topology } from '../../model/topology.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Resources } from '../../translate/resources.ts';
import {
  apiPaths,
  type ControllerJson,
  type ErrorJson,
  type MeshPortsJson,
  type NamesJson,
  type NodeJson,
  type PortsJson,
  type ProxiesJson,
} from './api-types.ts';
import { ConfigurationWriter } from './configuration-json.ts';
import { EntityTags, isMatching } from './etag.ts';
import { arrayPieces } from './json-pieces.ts';
import { streamText } from './text-stream.ts';
import { problemJson, topologyPieces } from './topology-json.ts';

/** A proxy that is known. */
export interface NodeStatus {
  readonly name: string;
  readonly ip: string;
  readonly ready: boolean;
}

/**
 * What became of asking a proxy for its configuration:
 * - `found`: its config dump, as Envoy's admin interface gives it.
 * - `unknown`: there is no such node.
 * - `unreachable`: it did not answer, or with something else; `reason` is shown to the client.
 */
export type NodeConfiguration =
  | { readonly kind: 'found'; readonly body: string | ReadableStream<Uint8Array> }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** What the API knows of the rest of the program. Asked at every request; nothing is kept. */
export interface ApiState {
  /** Whether the first topology has been offered to proxies. */
  isReady(): boolean;
  /** What readiness waits for, for people; asked only while not ready. */
  waitingFor(): string;
  topology(): Topology | undefined;
  resources(): Resources | undefined;
  /** Every problem that is known, sorted, those of proxies included. */
  problems(): readonly Problem[];
  nodes(): readonly NodeStatus[];
  nodeConfiguration(name: string): Promise<NodeConfiguration>;
  /** What is listened on, by what it is for, such as `dns` → `127.0.0.1:5353`. */
  addresses(): PortsJson;
  controller(): ControllerJson;
  proxies(): ProxiesJson;
  meshPorts(): MeshPortsJson;
  /** Asks DNS for the names of a service; undefined where it is none of the mesh, or the mesh is in no cluster. */
  names(service: ServiceKey): Promise<NamesJson | undefined>;
  /** Metrics in Prometheus' text format. */
  metrics(): Promise<string>;
}

export interface ApiOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes the API. The shapes of its answers are in api-types.ts; every error is an ErrorJson and says nothing internal. */
export function createApi(state: ApiState, options: ApiOptions): Hono {
  const app = new Hono();
  addMesh(app, state, options);
  addStatus(app, state);
  app.all('/healthz', (context) => context.text('ok'));
  app.all('/metrics', async (context) =>
    context.body(await state.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.notFound((context) =>
    context.json<ErrorJson>({ error: `There is nothing at ${context.req.path}`, paths: [...apiPaths] }, 404),
  );
  app.onError((error, context) => {
    logFailure(options.log, context, error);
    return fail(context, 500, 'The request failed for a reason within Maesh; its log says which');
  });
  return app;
}

function addMesh(app: Hono, state: ApiState, options: ApiOptions): void {
  const writer = new ConfigurationWriter(options.clock);
  const tags = new EntityTags();
  const answer = (context: Context, pieces: Generator<string>): Response => {
    const stream = streamText(pieces, (error) => logFailure(options.log, context, error));
    return context.body(stream, 200, { 'content-type': 'application/json' });
  };
  /** Answers 304 where the client has what this reference stands for. */
  const answerOnce = (
    context: Context,
    reference: object | undefined,
    pieces: () => Generator<string>,
  ): Response => {
    if (reference === undefined) return answer(context, pieces());
    const tag = tags.of(reference);
    context.header('etag', tag);
    context.header('cache-control', 'no-cache');
    if (isMatching(context.req.header('if-none-match'), tag)) return context.body(null, 304);
    return answer(context, pieces());
  };
  app.all('/api/topology/current', (context) => {
    const topology = state.topology();
    return answerOnce(context, topology, () => topologyPieces(topology));
  });
  app.all('/api/configuration/current', (context) => {
    const resources = state.resources();
    return answerOnce(context, resources, () => writer.pieces(resources));
  });
  app.all('/api/problems', (context) => answer(context, arrayPieces(state.problems(), problemJson)));
}

function addStatus(app: Hono, state: ApiState): void {
  app.all('/api/status/readiness', (context) =>
    state.isReady() ? context.json(true) : fail(context, 500, `Not ready: ${state.waitingFor()}`),
  );
  app.all('/api/status/nodes', (context) =>
    context.json(
      state.nodes().map(({ name, ip, ready }): NodeJson => ({ Name: name, IP: ip, Ready: ready })),
    ),
  );
  app.all('/api/status/node/:node/configuration', async (context) => {
    const node = context.req.param('node');
    const found = await state.nodeConfiguration(node);
    if (found.kind === 'unknown') return fail(context, 404, `There is no node ${node}`);
    if (found.kind === 'unreachable') {
      return fail(context, 502, `Cannot read the configuration of node ${node}: ${found.reason}`);
    }
    return context.body(found.body, 200, { 'content-type': 'application/json' });
  });
  app.all('/api/status/ports', (context) => context.json(state.addresses()));
  app.all('/api/status/controller', (context) => context.json(state.controller()));
  app.all('/api/status/proxies', (context) => context.json(state.proxies()));
  app.all('/api/status/mesh-ports', (context) => context.json(state.meshPorts()));
  app.all('/api/status/names/:namespace/:service', async (context) => {
    const { namespace, service } = context.req.param();
    const names = await state.names(objectKey(namespace, service));
    if (names !== undefined) return context.json(names);
    return fail(
      context,
      404,
      `Service ${service} of namespace ${namespace} has no names in DNS by this mesh`,
    );
  });
}

function logFailure(log: Log, context: Context, error: unknown): void {
  log.error('A request to the API failed', { path: context.req.path, error });
}

function fail(context: Context, status: 404 | 500 | 502, error: string): Response {
  return context.json<ErrorJson>({ error }, status);
}
