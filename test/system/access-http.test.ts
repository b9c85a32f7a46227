// Access control for HTTP, through the whole pipeline and a real Envoy: every caller is a loopback address of its own.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject, KubePod } from '../../src/model/objects.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { HttpClient, type HttpAnswer, type HttpRequest } from '../kit/clients/http.ts';
import { manifestOf } from '../kit/manifest-of.ts';
import { TestMesh } from '../kit/mesh.ts';
import { kubePod, kubeService } from '../kit/objects.ts';
import { getByHttp2 } from '../kit/raw-http2.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from '../kit/smi-objects.ts';
import { TrafficLoad } from '../kit/traffic-load.ts';
import { until } from '../kit/until.ts';

const callers = { web: '127.111.201.1', mobile: '127.111.201.2', stranger: '127.111.201.3' };
type Caller = keyof typeof callers;

function text(...objects: readonly KubeObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.map(manifestOf) });
}

function callerPod(name: string, address: string, serviceAccount = name): KubePod {
  return kubePod({ namespace: 'front', name, labels: {}, serviceAccount, ips: [address] });
}

/** A service of one pod, which has a service account of the same name. */
function service(name: string, address: string): readonly KubeObject[] {
  return [
    kubeService({ name, selector: { app: name }, ports: [{ port: 8080, targetPort: 9000 }] }),
    kubePod({ name, labels: { app: name }, serviceAccount: name, ips: [address] }),
  ];
}

function target(name: string, destination: string, sources: readonly Caller[], group?: string): KubeObject {
  const account = (of: string, namespace: string) => ({ kind: 'ServiceAccount', name: of, namespace });
  return kubeTarget({
    name,
    destination: account(destination, 'store'),
    sources: sources.map((source) => account(source, 'front')),
    rules: group === undefined ? [] : [{ kind: 'HTTPRouteGroup', name: group, matches: [] }],
  });
}

const admin = [{ name: 'admin', port: 9001, protocol: 'TCP' }] as const;

const services = text(
  kubeService({
    ports: [
      { name: 'web', port: 8080, targetPort: 9000 },
      { name: 'admin', port: 8081, targetPort: 'admin' },
    ],
  }),
  kubePod({ serviceAccount: 'shop', ips: ['127.111.200.1'], containerPorts: admin }),
  kubeService({ name: 'mixed', selector: { app: 'mixed' }, ports: [{ port: 8080, targetPort: 9000 }] }),
  kubePod({ name: 'left', labels: { app: 'mixed' }, serviceAccount: 'left', ips: ['127.111.200.2'] }),
  kubePod({ name: 'right', labels: { app: 'mixed' }, serviceAccount: 'right', ips: ['127.111.200.3'] }),
  kubeService({ name: 'root', selector: { app: 'none' }, ports: [{ port: 8080 }] }),
  ...service('v1', '127.111.200.4'),
  ...service('v2', '127.111.200.5'),
  kubeSplit({
    service: 'root',
    backends: [
      { service: 'v1', weight: 1 },
      { service: 'v2', weight: 1 },
    ],
  }),
  callerPod('web', callers.web),
  callerPod('mobile', callers.mobile),
);

const rules = text(
  kubeRouteGroup({
    matches: [
      { methods: ['GET', 'POST'], pathRegex: '/api', headers: [{ name: 'x-team', regex: 'red|blue' }] },
      { pathRegex: '/public' },
    ],
  }),
  kubeRouteGroup({ name: 'right', matches: [{ pathRegex: '/right' }] }),
  { ...target('read', 'shop', ['web'], 'api'), port: 9000 } as KubeObject,
  { ...target('admin', 'shop', ['mobile']), port: 9001 } as KubeObject,
  target('left', 'left', ['web']),
  target('right', 'right', ['web', 'mobile'], 'right'),
  target('v1', 'v1', ['web', 'mobile']),
  target('v2', 'v2', ['web']),
);

/** What {@link rules} say of the service `shop`, in other words. */
function isAllowed(caller: Caller, port: number, { method, path, team }: Request): boolean {
  if (port === 8081) return caller === 'mobile';
  if (caller !== 'web' || /\/(?:\.|%2e)+(?:$|[/;])/i.test(path.split('?')[0] ?? '')) return false;
  const isApi = ['GET', 'POST'].includes(method) && path.startsWith('/api') && /red|blue/.test(team ?? '');
  return isApi || path.startsWith('/public');
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly team: string | undefined;
}

const methods = ['GET', 'POST', 'DELETE'];
const teams = [undefined, 'red', 'the-blue-one', 'RED'];
const paths = [
  '/api',
  '/api/x?y=1',
  '/apixyz',
  '/public',
  '/private?x=/api',
  '/private?/public',
  '//api',
  '/public/../private',
  '/public/%2E%2e/private',
  '/public/..;/private',
  '/public/.',
  '/public/..a/.b',
  '/public?x=/../private',
];

const requests: readonly Request[] = methods.flatMap((method) =>
  teams.flatMap((team) => paths.map((path) => ({ method, path, team }))),
);

describe('access to HTTP services', () => {
  const running = new AsyncDisposableStack();
  const client = running.use(new HttpClient());
  let mesh: TestMesh;

  before(async () => {
    mesh = running.use(
      await TestMesh.start({
        files: { 'services.yaml': services, 'rules.yaml': rules },
        addressRange: '127.111.0.0/16',
        isAccessControlled: true,
      }),
    );
    const backends = [
      { name: 'shop', address: '127.111.200.1', port: 9000 },
      { name: 'shop-admin', address: '127.111.200.1', port: 9001 },
      { name: 'left', address: '127.111.200.2', port: 9000 },
      { name: 'right', address: '127.111.200.3', port: 9000 },
      { name: 'v1', address: '127.111.200.4', port: 9000 },
      { name: 'v2', address: '127.111.200.5', port: 9000 },
    ];
    for (const options of backends) running.use(await startHttpBackend(options));
  });
  after(() => running.disposeAsync());

  /** Sends a request to a service port, by default to its mesh port. */
  const send = async (caller: Caller, to: string, given: Partial<HttpRequest> = {}): Promise<HttpAnswer> => {
    const entrance = mesh.ports.get(to);
    assert.ok(entrance?.meshPort !== undefined);
    const { host, meshPort } = entrance;
    return await client.send({
      address: mesh.proxyAddress,
      port: meshPort,
      host,
      from: callers[caller],
      ...given,
    });
  };
  const answer = async (
    caller: Caller,
    to: string,
    given?: Partial<HttpRequest>,
  ): Promise<string | number> => {
    const { status, echo } = await send(caller, to, given);
    return status === 200 ? (echo?.name ?? 'nobody') : status;
  };

  test('comes to what Envoy takes', () => {
    assert.deepEqual(mesh.nacks, []);
    assert.deepEqual(mesh.topology.problems, []);
  });

  test('is decided by caller, port, method, path and header, and by no header that a client can send', async () => {
    for (const [port, forged] of [
      [8080, 'front/web'],
      [8081, 'front/mobile'],
    ] as const) {
      for (const caller of ['web', 'mobile', 'stranger'] as const) {
        for (const request of requests) {
          const { method, path, team } = request;
          const headers = {
            ...(team !== undefined && { 'x-team': team }),
            'x-maesh-caller': forged,
            'x-envoy-ip-tags': forged,
            'x-forwarded-for': callers.web,
          };
          // oxlint-disable-next-line no-await-in-loop -- one that fails should be the one that is reported
          const { status } = await send(caller, `store/shop/${port}`, { method, path, headers });
          const wanted = isAllowed(caller, port, request) ? 200 : 403;
          assert.equal(status, wanted, `${caller} at ${port}: ${method} ${path} of team ${team}`);
        }
      }
    }
  });

  test('is the same by every way, and says why it is denied', async () => {
    const { localAddress: address = '', host = '' } = mesh.ports.get('store/shop/8080') ?? {};
    const ways: readonly Partial<HttpRequest>[] = [
      {},
      { protocol: 'h2c' },
      { address, port: 8080 },
      { ...mesh.httpPort, host },
      { ...mesh.httpPort, host, protocol: 'proxy' },
    ];
    for (const way of ways) {
      const path = '/public';
      if (way.protocol !== 'h2c') {
        // oxlint-disable-next-line no-await-in-loop -- see above
        assert.equal(await answer('web', 'store/shop/8080', { path, ...way }), 'shop');
      }
      // oxlint-disable-next-line no-await-in-loop -- see above
      const { status, body } = await send('stranger', 'store/shop/8080', { path, ...way });
      assert.equal(status, 403);
      assert.equal(body, 'Denied: no TrafficTarget of the mesh allows this request.\n');
    }
  });

  test('is as narrow where HTTP/2 brings bytes in a path that are no text', async () => {
    const { meshPort = 0 } = mesh.ports.get('store/shop/8080') ?? {};
    const to = { address: mesh.proxyAddress, port: meshPort, from: callers.web };
    for (const [path, isAnswered] of [
      ['/public/\u00ff', true],
      ['/public/\u00ff?/../', true],
      ['/public/\u00ff/../private', false],
      ['/public/\u00c3/../private', false],
      ['/public/\u0080/%2e%2e/private', false],
      ['/public/x/../\u00f4\u00ff', false],
      ['/public/../\u00ff', false],
      ['/\u00ff/public', false],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- see above
      const body = await getByHttp2(to, Buffer.from(path, 'latin1'));
      assert.match(body, isAnswered ? /"name":"shop"/ : /^Denied/, JSON.stringify(path));
    }
  });

  test('is nobody’s concern where there is no service', async () => {
    const { status } = await send('stranger', 'store/shop/8080', { port: 20_200 });
    assert.equal(status, 404);
  });

  test('is told to nobody behind the proxy', async () => {
    const { echo } = await send('web', 'store/shop/8080', { path: '/public' });
    assert.ok(echo);
    assert.deepEqual(
      Object.keys(echo.headers).filter((name) => name.startsWith('x-maesh')),
      [],
    );
  });

  test('is to those pods that a rule means, where a service has others too', async () => {
    const reached = async (caller: Caller, path: string): Promise<readonly string[]> => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => answer(caller, 'store/mixed/8080', { path })),
      );
      return [...new Set(answers.map(String))].toSorted();
    };
    assert.deepEqual(await reached('web', '/left'), ['left']);
    assert.deepEqual(await reached('mobile', '/right'), ['right']);
    assert.deepEqual(await reached('mobile', '/left?/right'), ['403']);
    assert.deepEqual(await reached('stranger', '/right'), ['403']);
  });

  test('is no wider by a split: every backend must let the caller in', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => answer('web', 'store/root/8080', { path: '/' })),
    );
    assert.deepEqual(new Set(answers), new Set(['v1', 'v2']));
    const denied = await Promise.all(
      Array.from({ length: 20 }, () => answer('mobile', 'store/root/8080', { path: '/' })),
    );
    assert.deepEqual([...new Set(denied)], [403]);
    assert.equal(await answer('mobile', 'store/v1/8080'), 'v1');
  });

  test('follows rules and pods under load, and drops nothing that stays allowed', async () => {
    const is = (caller: Caller, wanted: string | number): Promise<boolean> =>
      until(`${caller} to get ${wanted}`, async () => {
        assert.equal(await answer(caller, 'store/v2/8080'), wanted);
        return true;
      });
    await using load = new TrafficLoad([
      {
        name: 'web',
        ask: async () => assert.equal(await answer('web', 'store/v2/8080'), 'v2'),
      },
    ]);
    for (let round = 0; round < 5; round++) {
      // oxlint-disable no-await-in-loop -- each change builds on the last
      await mesh.write({ 'more.yaml': text(target('more', 'v2', ['mobile'])) });
      await is('mobile', 'v2');
      await mesh.write({ 'more.yaml': text(callerPod(`web-${round}`, callers.stranger, 'web')) });
      await is('mobile', 403);
      await is('stranger', 'v2');
      // The address goes to a pod of another account.
      await mesh.write({ 'more.yaml': text(callerPod(`other-${round}`, callers.stranger, 'other')) });
      await is('stranger', 403);
      // oxlint-enable no-await-in-loop
    }
    await load.more(10);
    assert.deepEqual(load.failures, []);
    assert.deepEqual(mesh.nacks, []);
  });
});
