// Access control for TCP and UDP, through the whole pipeline and a real Envoy: every caller is a loopback address of its
// own.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject, KubePod, KubeTrafficTarget } from '../../src/model/objects.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { type BackendKind, startBackend } from '../kit/backends/start.ts';
import { ClientError } from '../kit/clients/client-error.ts';
import type { Dial } from '../kit/clients/http.ts';
import { TcpEcho } from '../kit/clients/tcp-echo.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { UdpSession } from '../kit/clients/udp-session.ts';
import { talkUdp } from '../kit/clients/udp.ts';
import { manifestOf } from '../kit/manifest-of.ts';
import { TestMesh } from '../kit/mesh.ts';
import { kubePod, kubeService } from '../kit/objects.ts';
import { kubeSplit, kubeTarget } from '../kit/smi-objects.ts';
import { TrafficLoad } from '../kit/traffic-load.ts';
import { until } from '../kit/until.ts';

const callers = { web: '127.113.201.1', cron: '127.113.201.2', stranger: '127.113.201.3' };
type Caller = keyof typeof callers;
const everyCaller: readonly Caller[] = ['web', 'cron', 'stranger'];

function text(...objects: readonly KubeObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.map(manifestOf) });
}

function callerPod(name: string, address: string, serviceAccount = name): KubePod {
  return kubePod({ namespace: 'front', name, labels: {}, serviceAccount, ips: [address] });
}

type Traffic = 'tcp' | 'udp';

/** A service with two ports, 7000 and 7001, and pods, each of the service account of its name. */
function service(
  name: string,
  traffic: Traffic,
  pods: Readonly<Record<string, string>>,
): readonly KubeObject[] {
  const protocol = traffic === 'tcp' ? 'TCP' : 'UDP';
  return [
    kubeService({
      name,
      selector: { app: name },
      annotations: { 'mesh.traefik.io/traffic-type': traffic },
      ports: [
        { name: 'main', port: 7000, targetPort: 9000, protocol },
        { name: 'more', port: 7001, targetPort: 9001, protocol },
      ],
    }),
    ...Object.entries(pods).map(([account, address]) =>
      kubePod({ name: account, labels: { app: name }, serviceAccount: account, ips: [address] }),
    ),
  ];
}

function target(
  destination: string,
  sources: readonly Caller[],
  given: Partial<KubeTrafficTarget> = {},
): KubeTrafficTarget {
  const account = (name: string, namespace: string) => ({ kind: 'ServiceAccount', name, namespace });
  return kubeTarget({
    name: destination,
    destination: account(destination, 'store'),
    sources: sources.map((source) => account(source, 'front')),
    rules: [],
    ...given,
  });
}

/** Services of each traffic: `db`, `mixed` of two service accounts, and `root`, split between `v1` and `v2`. */
function world(traffic: Traffic): string {
  const of = (name: string): string => `${traffic}-${name}`;
  const at = (place: number): string => `127.113.${traffic === 'tcp' ? 200 : 210}.${place}`;
  const kind = traffic === 'tcp' ? 'TCPRoute' : 'UDPRoute';
  return text(
    ...service(of('db'), traffic, { [of('db')]: at(1) }),
    ...service(of('mixed'), traffic, { [of('left')]: at(2), [of('right')]: at(3) }),
    ...service(of('root'), traffic, {}),
    ...service(of('v1'), traffic, { [of('v1')]: at(4) }),
    ...service(of('v2'), traffic, { [of('v2')]: at(5) }),
    kubeSplit({
      name: of('root'),
      service: of('root'),
      backends: ['v1', 'v2'].map((name) => ({ service: of(name), weight: 1 })),
    }),
    { kind, namespace: 'store', name: 'more', labels: {}, ports: [7001] },
    target(of('db'), ['web'], { port: 7000 }),
    target(of('db'), ['cron'], { name: of('db-more'), rules: [{ kind, name: 'more', matches: [] }] }),
    target(of('left'), ['web']),
    target(of('right'), ['web', 'cron']),
    target(of('v1'), ['web', 'cron']),
    target(of('v2'), ['web']),
  );
}

/** What {@link world} says, in other words: the pods that a caller reaches, by service and port. */
const reach: Readonly<Record<string, Partial<Record<Caller, readonly string[]>>>> = {
  'db/7000': { web: ['db'] },
  'db/7001': { cron: ['db'] },
  'mixed/7000': { web: ['left', 'right'], cron: ['right'] },
  'root/7000': { web: ['v1', 'v2'] },
  'v1/7000': { web: ['v1'], cron: ['v1'] },
  'v2/7001': { web: ['v2'] },
};

/** What answers on pods: the first port of TCP services lets the client speak first, the second speaks first itself. */
const backendKinds: Readonly<Record<Traffic, Readonly<Record<number, BackendKind>>>> = {
  tcp: { 9000: 'tcp', 9001: 'tcp-greeter' },
  udp: { 9000: 'udp', 9001: 'udp' },
};

async function startPods(traffic: Traffic, running: AsyncDisposableStack): Promise<readonly Backend[]> {
  const names = ['db', 'left', 'right', 'v1', 'v2'];
  const all = names.flatMap((name, index) =>
    Object.entries(backendKinds[traffic]).map(([port, kind]) =>
      startBackend(kind, {
        name,
        address: `127.113.${traffic === 'tcp' ? 200 : 210}.${index + 1}`,
        port: Number(port),
      }),
    ),
  );
  const backends = await Promise.all(all);
  for (const backend of backends) running.use(backend);
  return backends;
}

function startMesh(options: {
  readonly range: string;
  readonly closesForbidden?: boolean;
}): Promise<TestMesh> {
  const { range, ...rest } = options;
  return TestMesh.start({
    files: {
      'tcp.yaml': world('tcp'),
      'udp.yaml': world('udp'),
      'callers.yaml': text(callerPod('web', callers.web), callerPod('cron', callers.cron)),
    },
    addressRange: range,
    isAccessControlled: true,
    ...rest,
  });
}

/** The ways to a service port: its mesh port, and its real port on the service's own address. */
function waysTo(mesh: TestMesh, key: string): { readonly mesh: Dial; readonly entry: Dial } {
  const { meshPort, localAddress, localPort } = mesh.ports.get(key) ?? {};
  assert.ok(meshPort !== undefined && localAddress !== undefined && localPort !== undefined, key);
  return {
    mesh: { address: mesh.proxyAddress, port: meshPort },
    entry: { address: localAddress, port: localPort },
  };
}

interface Call extends Dial {
  readonly from: string;
  readonly speaksFirst?: 'client' | 'server';
  /** Whether nobody should answer: there is then no need to wait for long. */
  readonly isDenied?: boolean;
}

/** The pod that answers; undefined where the connection is closed before a byte, or no answer comes to a datagram. */
async function answer(traffic: Traffic, { isDenied = false, ...call }: Call): Promise<string | undefined> {
  const talk = { ...call, send: 'hello', timeoutMs: traffic === 'udp' && isDenied ? 200 : 5000 };
  try {
    return (await (traffic === 'tcp' ? talkTcp(talk) : talkUdp(talk))).name;
  } catch (error) {
    assert.ok(error instanceof ClientError);
    assert.equal(error.failure, traffic === 'tcp' ? 'closed' : 'timeout');
    return undefined;
  }
}

describe('access to TCP and UDP services', () => {
  const running = new AsyncDisposableStack();
  let mesh: TestMesh;
  const pods: Record<Traffic, readonly Backend[]> = { tcp: [], udp: [] };
  before(async () => {
    pods.tcp = await startPods('tcp', running);
    pods.udp = await startPods('udp', running);
    mesh = running.use(await startMesh({ range: '127.113.0.0/17' }));
  });
  after(() => running.disposeAsync());

  const served = (traffic: Traffic): number => {
    let sum = 0;
    for (const pod of pods[traffic]) sum += pod.served();
    return sum;
  };
  const keyOf = (traffic: Traffic, to: string): string =>
    `store/${traffic}-${to}${traffic === 'udp' ? '/udp' : ''}`;
  /** The pods that answer a caller, by every way and in twelve attempts each; or none in any. */
  const podsAnswering = async (
    traffic: Traffic,
    to: string,
    call: Omit<Call, keyof Dial>,
  ): Promise<readonly string[]> => {
    const speaksFirst = to.endsWith('7001') ? 'server' : 'client';
    const ways = Object.values(waysTo(mesh, keyOf(traffic, to)));
    const answers = await Promise.all(
      ways.flatMap((at) =>
        Array.from({ length: 12 }, () => answer(traffic, { ...at, speaksFirst, ...call })),
      ),
    );
    const names = new Set(answers.filter((name) => name !== undefined));
    assert.ok(names.size === 0 || !answers.includes(undefined), `${to}: now allowed, now denied`);
    return [...names].toSorted();
  };

  test('comes to what Envoy takes', () => {
    assert.deepEqual(mesh.nacks, []);
    assert.deepEqual(mesh.topology.problems, []);
  });

  for (const traffic of ['tcp', 'udp'] as const) {
    test(`is decided by caller and port, for ${traffic}, whoever speaks first`, async () => {
      for (const [to, allowed] of Object.entries(reach)) {
        for (const caller of everyCaller) {
          const before = served(traffic);
          const wanted = allowed[caller] ?? [];
          const isDenied = wanted.length === 0;
          const found = await podsAnswering(traffic, to, { from: callers[caller], isDenied });
          // A sender of datagrams has one pod, unless they are split.
          const isSteady = traffic === 'udp' && !isDenied && !to.startsWith('root');
          const expected = isSteady ? wanted.filter((name) => name === found[0]) : wanted;
          assert.deepEqual(found, expected, `${caller} to ${to}`);
          assert.equal(found.length > 0, !isDenied, `${caller} to ${to}`);
          if (isDenied) assert.equal(served(traffic), before, `${caller} to ${to} came to a pod`);
        }
      }
    });
  }

  test('changes with pods and rules while connections stay open, and touches none of them', async () => {
    const at = waysTo(mesh, 'store/tcp-db/7000');
    const connections = await Promise.all(
      Object.values(at).map((way) => TcpEcho.open({ ...way, from: callers.web })),
    );
    const echoes = (): Promise<unknown> => Promise.all(connections.map((connection) => connection.echo()));
    await echoes();
    // Others come.
    await mesh.write({ 'more.yaml': text(callerPod('web-2', callers.stranger, 'web')) });
    assert.deepEqual(await podsAnswering('tcp', 'db/7000', { from: callers.stranger }), ['db']);
    await echoes();
    // The address goes to a pod of another service account.
    await mesh.write({ 'more.yaml': text(callerPod('other', callers.stranger)) });
    assert.deepEqual(await podsAnswering('tcp', 'db/7000', { from: callers.stranger }), []);
    await echoes();
    // Those who connected may no longer do so.
    const rules = world('tcp').replace(
      '"name":"web","namespace":"front"',
      '"name":"nobody","namespace":"front"',
    );
    await mesh.write({ 'tcp.yaml': rules });
    assert.deepEqual(await podsAnswering('tcp', 'db/7000', { from: callers.web }), []);
    await echoes();
    await mesh.write({ 'tcp.yaml': world('tcp'), 'more.yaml': null });
    assert.deepEqual(await podsAnswering('tcp', 'db/7000', { from: callers.web }), ['db']);
    await echoes();
    for (const connection of connections) connection[Symbol.dispose]();
    const { stats } = (await mesh.adminJson('/stats?format=json&filter=draining')) as {
      readonly stats: ReadonlyArray<{ readonly name?: string; readonly value?: number }>;
    };
    const chains = stats.find(({ name }) => name === 'listener_manager.total_filter_chains_draining');
    assert.equal(chains?.value, 0);
    assert.deepEqual(mesh.nacks, []);
  });

  test('keeps a sender of datagrams at its pod while others come and go', async () => {
    const { mesh: at } = waysTo(mesh, 'store/udp-mixed/7000/udp');
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () => UdpSession.open({ ...at, from: callers.web })),
    );
    const answering = async (): Promise<readonly string[]> =>
      (await Promise.all(sessions.map((session) => session.send()))).map(({ name }) => name);
    const first = await answering();
    assert.equal(new Set(first).size, 1);
    for (const address of [callers.stranger, '127.113.201.4']) {
      await mesh.write({ 'more.yaml': text(callerPod('web-2', address, 'web')) });
      assert.deepEqual(await answering(), first);
    }
    await mesh.write({ 'more.yaml': null });
    assert.deepEqual(await answering(), first);
    for (const session of sessions) await session[Symbol.asyncDispose]();
  });

  test('is effective for each new connection and datagram under load, and drops none that stays allowed', async () => {
    const ways = {
      tcp: waysTo(mesh, 'store/tcp-v2/7000').mesh,
      udp: waysTo(mesh, 'store/udp-v2/7000/udp').mesh,
    };
    const ask = (traffic: Traffic, caller: Caller, isDenied = false): Promise<string | undefined> =>
      answer(traffic, { ...ways[traffic], from: callers[caller], isDenied });
    // As every client of UDP does: an answer that is on its way while the listener changes is lost.
    const askAgain = async (traffic: Traffic): Promise<void> => {
      const isLost = traffic === 'udp' && (await ask(traffic, 'web', true)) === undefined;
      if (traffic === 'tcp' || isLost) assert.equal(await ask(traffic, 'web'), 'v2');
    };
    await using load = new TrafficLoad(
      (['tcp', 'udp'] as const).map((traffic) => ({
        name: traffic,
        ask: () => askAgain(traffic),
      })),
    );
    for (let round = 0; round < 4; round++) {
      for (const [rules, wanted] of [
        [[target('udp-v2', ['cron'], { name: 'u' }), target('tcp-v2', ['cron'], { name: 't' })], 'v2'],
        [[], undefined],
      ] as const) {
        await mesh.write({ 'more.yaml': text(...rules) });
        await until(`cron to get ${wanted}`, async () => {
          const isDenied = wanted === undefined;
          assert.deepEqual([await ask('tcp', 'cron'), await ask('udp', 'cron', isDenied)], [wanted, wanted]);
          return true;
        });
      }
      await load.moreOfEach(5);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.deepEqual(mesh.nacks, []);
  });
});

test('a TCP connection is closed when its permission goes, if that is asked for, and no other is', async () => {
  await using running = new AsyncDisposableStack();
  await startPods('tcp', running);
  const mesh = running.use(await startMesh({ range: '127.113.128.0/17', closesForbidden: true }));
  const ways = Object.values(waysTo(mesh, 'store/tcp-v1/7000'));
  const open = (from: string): Promise<readonly TcpEcho[]> =>
    Promise.all(ways.map((way) => TcpEcho.open({ ...way, from })));
  const web = await open(callers.web);
  const cron = await open(callers.cron);
  for (const connection of [...web, ...cron]) await connection.echo();
  await mesh.write({ 'more.yaml': text(callerPod('web-2', callers.stranger, 'web')) });
  for (const connection of [...web, ...cron]) await connection.echo();

  const rules = world('tcp').replace(
    JSON.stringify(manifestOf(target('tcp-v1', ['web', 'cron']))),
    JSON.stringify(manifestOf(target('tcp-v1', ['web']))),
  );
  assert.notEqual(rules, world('tcp'));
  await mesh.write({ 'tcp.yaml': rules });
  const [way] = ways;
  assert.ok(way !== undefined);
  assert.equal(await answer('tcp', { ...way, from: callers.cron }), undefined);
  // Envoy gives them its drain time, ten seconds.
  await until(
    'the connections to be closed',
    () => cron.every(({ hasEnded }) => hasEnded) || undefined,
    30_000,
  );
  for (const connection of web) await connection.echo();
  assert.deepEqual(mesh.nacks, []);
  for (const connection of web) connection[Symbol.dispose]();
});
