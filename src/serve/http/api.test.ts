import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLog, type Log } from '../../runtime/log.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Problem } from '../../model/problem.ts';
import type { Topology } from '../../model/topology.ts';
import { typeUrls, type Resource, type Resources } from '../../translate/resources.ts';
import { createApi, type ApiOptions, type ApiState } from './api.ts';
import { apiPaths } from './api-types.ts';

const topology: Topology = {
  services: new Map([
    [
      'store/shop',
      { key: 'store/shop', namespace: 'store', name: 'shop', ports: [], localAddress: undefined },
    ],
  ]),
  problems: [],
};

const cluster: Resource = {
  name: 'c',
  typeUrl: typeUrls.cluster,
  version: '1',
  bytes: new Uint8Array(),
  services: [],
};
const none: ReadonlyMap<string, Resource> = new Map();
const resources: Resources = {
  [typeUrls.cluster]: new Map([['c', cluster]]),
  [typeUrls.endpoints]: none,
  [typeUrls.listener]: none,
  [typeUrls.routes]: none,
  [typeUrls.scopedRoutes]: none,
  [typeUrls.extensions]: none,
};

const noPorts = { used: 0, resting: 0, free: 0 };

const defaults: ApiState = {
  isReady: () => true,
  waitingFor: () => 'nothing',
  topology: () => topology,
  resources: () => resources,
  problems: () => [],
  nodes: () => [],
  nodeConfiguration: () => Promise.resolve({ kind: 'unknown' }),
  addresses: () => ({}),
  controller: () => ({ version: '2.0.0', name: 'here', cluster: null }),
  proxies: () => ({ sequence: 0, proxies: [] }),
  meshPorts: () => ({ http: noPorts, tcp: noPorts, udp: noPorts }),
  names: () => Promise.resolve({ names: [] }),
  metrics: () => Promise.resolve(''),
};

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
  readonly etag: string | null;
}

async function ask(
  path: string,
  {
    state = {},
    options = {},
    request = {},
  }: { state?: Partial<ApiState>; options?: Partial<ApiOptions>; request?: RequestInit } = {},
): Promise<Answer> {
  const api = createApi({ ...defaults, ...state }, { clock: systemClock, log: silentLog, ...options });
  const response = await api.request(path, request);
  const { status, headers } = response;
  return {
    status,
    type: headers.get('content-type'),
    body: await response.text(),
    etag: headers.get('etag'),
  };
}

function json({ body }: Answer): unknown {
  return JSON.parse(body);
}

test('the topology and the configuration are given as JSON', async () => {
  const current = await ask('/api/topology/current');
  assert.equal(current.status, 200);
  assert.equal(current.type, 'application/json');
  assert.deepEqual(Object.keys((json(current) as { services: object }).services), ['shop@store']);
  const configuration = await ask('/api/configuration/current');
  assert.equal(configuration.type, 'application/json');
  assert.deepEqual((json(configuration) as { clusters: unknown }).clusters, [{ '@type': typeUrls.cluster }]);
});

test('before there is a mesh, topology and configuration are empty and have no tag', async () => {
  const state = { topology: () => undefined, resources: () => undefined };
  const current = await ask('/api/topology/current', { state });
  assert.deepEqual(
    [current.status, json(current), current.etag],
    [200, { services: {}, trafficSplits: {}, problems: [] }, null],
  );
  const configuration = await ask('/api/configuration/current', { state });
  assert.deepEqual([configuration.status, configuration.etag], [200, null]);
});

test('who has the current topology is told so, until it changes', async () => {
  let current = topology;
  const api = createApi({ ...defaults, topology: () => current }, { clock: systemClock, log: silentLog });
  const first = await api.request('/api/topology/current');
  const tag = first.headers.get('etag') ?? '';
  const again = await api.request('/api/topology/current', { headers: { 'if-none-match': tag } });
  assert.deepEqual([again.status, await again.text(), again.headers.get('etag')], [304, '', tag]);
  current = { services: new Map(), problems: [] };
  const changed = await api.request('/api/topology/current', { headers: { 'if-none-match': tag } });
  assert.deepEqual(await changed.json(), { services: {}, trafficSplits: {}, problems: [] });
});

test('problems are listed', async () => {
  const subject = { kind: 'File', namespace: '', name: 'mesh/shop.yaml' };
  const problem: Problem = { code: 'MAESH_DOCUMENT_BROKEN', subject, message: 'Broken', advice: 'Mend it' };
  const answer = await ask('/api/problems', { state: { problems: () => [problem] } });
  assert.deepEqual(json(answer), [
    {
      code: 'MAESH_DOCUMENT_BROKEN',
      kind: 'File',
      namespace: '',
      name: 'mesh/shop.yaml',
      file: null,
      line: null,
      message: 'Broken',
      advice: 'Mend it',
    },
  ]);
});

test('readiness is true once the mesh is offered, and an error that says what is waited for before', async () => {
  const ready = await ask('/api/status/readiness');
  assert.deepEqual([ready.status, ready.body, ready.type], [200, 'true', 'application/json']);
  const waiting = await ask('/api/status/readiness', {
    state: { isReady: () => false, waitingFor: () => 'the folder is being read' },
  });
  assert.deepEqual([waiting.status, json(waiting)], [500, { error: 'Not ready: the folder is being read' }]);
});

test('nodes are listed with the names of the original', async () => {
  assert.equal((await ask('/api/status/nodes')).body, '[]');
  const answer = await ask('/api/status/nodes', {
    state: { nodes: () => [{ name: 'proxy-a', ip: '10.0.0.1', ready: true }] },
  });
  assert.deepEqual(json(answer), [{ Name: 'proxy-a', IP: '10.0.0.1', Ready: true }]);
});

test("a node's configuration is passed on; an unknown node is 404, one that can't be asked 502", async () => {
  const asked: string[] = [];
  const state: Partial<ApiState> = {
    nodeConfiguration: (name) => {
      asked.push(name);
      if (name === 'proxy a') return Promise.resolve({ kind: 'found', body: '{"configs":[]}' });
      return Promise.resolve(
        name === 'dead' ? { kind: 'unreachable', reason: 'ECONNREFUSED' } : { kind: 'unknown' },
      );
    },
  };
  const found = await ask('/api/status/node/proxy%20a/configuration', { state });
  assert.deepEqual([found.status, found.type, found.body], [200, 'application/json', '{"configs":[]}']);
  const unknown = await ask('/api/status/node/x/configuration', { state });
  assert.deepEqual([unknown.status, json(unknown)], [404, { error: 'There is no node x' }]);
  const dead = await ask('/api/status/node/dead/configuration', { state });
  assert.deepEqual(
    [dead.status, json(dead)],
    [502, { error: 'Cannot read the configuration of node dead: ECONNREFUSED' }],
  );
  assert.deepEqual(asked, ['proxy a', 'x', 'dead']);
});

test('ports in use, health and metrics are given', async () => {
  const ports = await ask('/api/status/ports', { state: { addresses: () => ({ dns: '127.0.0.1:5353' }) } });
  assert.deepEqual(json(ports), { dns: '127.0.0.1:5353' });
  const health = await ask('/healthz', { state: { isReady: () => false } });
  assert.deepEqual([health.status, health.body], [200, 'ok']);
  const metrics = await ask('/metrics', { state: { metrics: () => Promise.resolve('maesh_x 1\n') } });
  assert.deepEqual([metrics.status, metrics.body], [200, 'maesh_x 1\n']);
  assert.equal(metrics.type, 'text/plain; version=0.0.4; charset=utf-8');
});

test('who answers, its proxies and its mesh ports are given', async () => {
  const proxy = { name: 'a', address: '10.0.0.1', connectedSince: '', acknowledged: 3, refused: 0 };
  const state: Partial<ApiState> = {
    proxies: () => ({ sequence: 4, proxies: [proxy] }),
    meshPorts: () => ({ http: { used: 1, resting: 2, free: 3 }, tcp: noPorts, udp: noPorts }),
  };
  const controller = await ask('/api/status/controller', { state });
  assert.deepEqual(json(controller), { version: '2.0.0', name: 'here', cluster: null });
  assert.deepEqual(json(await ask('/api/status/proxies', { state })), { sequence: 4, proxies: [proxy] });
  const ports = json(await ask('/api/status/mesh-ports', { state })) as { http: unknown };
  assert.deepEqual(ports.http, { used: 1, resting: 2, free: 3 });
});

test('DNS is asked for the names of a service of the mesh; another service is 404', async () => {
  const found = { name: 'shop.store.maesh', domain: 'maesh', addresses: ['10.96.0.9'], error: null, ms: 1 };
  const state: Partial<ApiState> = {
    names: (service) => Promise.resolve(service === 'store/shop' ? { names: [found] } : undefined),
  };
  const answer = await ask('/api/status/names/store/shop', { state });
  assert.deepEqual([answer.status, json(answer)], [200, { names: [found] }]);
  const unknown = await ask('/api/status/names/store/x', { state });
  assert.equal(unknown.status, 404);
  assert.match(unknown.body, /Service x of namespace store has no names/);
});

test('every path answers every method alike, and HEAD without a body', async () => {
  const state: Partial<ApiState> = {
    nodeConfiguration: () => Promise.resolve({ kind: 'found', body: '{}' }),
  };
  for (const path of apiPaths.map((each) => each.replaceAll(/\{\w+\}/g, 'a'))) {
    const get = await ask(path, { state });
    assert.equal(get.status, 200, path);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, body } = await ask(path, { state, request: { method } });
      assert.deepEqual([status, body], [200, get.body], `${method} ${path}`);
    }
    const head = await ask(path, { state, request: { method: 'HEAD' } });
    assert.deepEqual([head.status, head.type, head.body], [200, get.type, ''], path);
  }
});

test('an unknown path is 404 with the paths that there are', async () => {
  for (const path of ['/', '/api', '/api/status/node/a', '/api/topology/current/']) {
    const answer = await ask(path);
    assert.equal(answer.status, 404);
    assert.deepEqual(json(answer), { error: `There is nothing at ${path}`, paths: apiPaths });
  }
});

test('an error within is logged whole, and its client told nothing of it', async () => {
  const error = new Error('secret');
  const logged: unknown[][] = [];
  const log: Log = { ...silentLog, error: (...line) => logged.push(line) };
  const answer = await ask('/metrics', { state: { metrics: () => Promise.reject(error) }, options: { log } });
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.body, /secret|at /);
  assert.match(answer.body, /^\{"error":"[^"]+"\}$/);
  assert.deepEqual(logged, [['A request to the API failed', { path: '/metrics', error }]]);
});

test('a resource that cannot be decoded breaks the answer off and is logged', async () => {
  const logged: unknown[][] = [];
  const log: Log = { ...silentLog, error: (...line) => logged.push(line) };
  const broken: Resources = {
    ...resources,
    [typeUrls.cluster]: new Map([['c', { ...cluster, bytes: Uint8Array.of(0xff) }]]),
  };
  const asking = ask('/api/configuration/current', { state: { resources: () => broken }, options: { log } });
  await assert.rejects(asking, /broke off/);
  assert.equal(logged.length, 1);
  assert.equal(logged[0]?.[0], 'A request to the API failed');
});
