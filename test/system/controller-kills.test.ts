// kill -9 of the controller of a cluster, at any moment, while services come, change and go and others are called through
// a real Envoy: the callers notice nothing, no port moves, and in the end everything is as if nothing had happened.
//
// MAESH_TEST_KILLS says how often (200 take some 8 minutes, for which `node --test` by itself has no limit),
// MAESH_TEST_SEED which chances are taken.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { topologyPieces } from '../../src/serve/http/topology-json.ts';
import { bootstrap } from '../../src/translate/bootstrap.ts';
import { startBackend } from '../kit/backends/start.ts';
import { HttpClient, sendHttp, type Dial } from '../kit/clients/http.ts';
import { TcpEcho } from '../kit/clients/tcp-echo.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { UdpSession } from '../kit/clients/udp-session.ts';
import { clusterFromScratch } from '../kit/cluster-from-scratch.ts';
import { differences, held, told } from '../kit/config-dump.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { ControllerProcess } from '../kit/controller-process.ts';
import { startEnvoyProcess, type EnvoyProcess } from '../kit/envoy-process.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { freePort } from '../kit/free-port.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { lockRange } from '../kit/lock-range.ts';
import { MeshInCluster, type PortGiven } from '../kit/mesh-in-cluster.ts';
import { Random } from '../kit/mutations/random.ts';
import { ServiceStorm } from '../kit/service-storm.ts';
import { ShadowHistory } from '../kit/shadow-history.ts';
import { TrafficLoad, type Target } from '../kit/traffic-load.ts';
import { until } from '../kit/until.ts';

const kills = Number(process.env['MAESH_TEST_KILLS'] ?? 25);
const seed = Number(process.env['MAESH_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const proxyAddress = '127.107.0.1';
const backendAddress = '127.107.1.1';
const namespaces = { mesh: 'mesh', services: 'store' };
const lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'maesh-controller', namespace: namespaces.mesh },
};

/** Services that nobody changes, each with a backend of its own, by their traffic type. */
const still = { http: 'web', tcp: 'ledger', udp: 'clock' } as const;
type Traffic = keyof typeof still;
/** A service of the storm whose port 80 stays while its other ports come and go. */
const changing = 'shop-0';

describe('a controller that is killed again and again in a storm of changes', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let proxy: FaultProxy;
  let objects: KubeObjects;
  let mesh: MeshInCluster;
  let storm: ServiceStorm;
  let start: () => ControllerProcess;
  let envoy: EnvoyProcess;

  before(async () => {
    const lock = await lockRange(proxyAddress);
    running.defer(() => lock.close());
    plane = running.use(await startControlPlane());
    proxy = running.use(await FaultProxy.start({ server: plane.admin, serving: plane.serving }));
    objects = running.use(new KubeObjects(plane.admin));
    mesh = new MeshInCluster(objects, namespaces);
    await mesh.prepare();
    storm = new ServiceStorm(mesh, { seed, pauseMs: 10, hasEndpoints: true });
    await storm.begin();
    await serve(changing, 'http', { name: 'port-80', port: 80 });
    for (const traffic of Object.keys(still) as Traffic[]) {
      const port: PortGiven = { port: 1123, protocol: traffic === 'udp' ? 'UDP' : 'TCP' };
      await mesh.put(still[traffic], [port], { 'mesh.traefik.io/traffic-type': traffic });
      await serve(still[traffic], traffic, port);
    }
    const [apiPort, xdsPort] = await Promise.all([freePort('127.0.0.1'), freePort('127.0.0.1')]);
    const kubeConfig = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
    const settings = { name: 'killed', kubeConfig, namespace: namespaces.mesh, defaultMode: 'http' } as const;
    const given = { ...settings, watchNamespaces: [namespaces.services], apiPort, xdsPort };
    start = () => running.use(new ControllerProcess({ ...given, proxyAddress }));
    controller = start();
    await until('the controller to be ready', () => controller.isReady() || undefined);
    const xds = { address: '127.0.0.1', port: xdsPort };
    const admin = { address: '127.0.0.1', port: 0 };
    envoy = running.use(
      await startEnvoyProcess(bootstrap({ nodeId: 'node-1', cluster: 'maesh', xds, admin })),
    );
  });
  after(() => running.disposeAsync());

  let controller: ControllerProcess;

  /** Starts a backend, and has a port of a service lead to it. */
  async function serve(service: string, kind: Traffic, port: PortGiven): Promise<void> {
    const backend = running.use(await startBackend(kind, { name: service, address: backendAddress }));
    const ports = [{ ...port, port: backend.port }];
    await plane.putSlice(mesh.slice(service, { address: backendAddress, ports }));
  }

  /** The writes of shadow Services that controllers have begun so far. */
  function writes(): number {
    return proxy.requests.filter(
      ({ method, path }) =>
        method !== 'GET' && path.startsWith(`/api/v1/namespaces/${namespaces.mesh}/services/`),
    ).length;
  }

  /** How often Envoy has taken in other clusters so far. */
  async function updates(): Promise<number> {
    const stats = await envoy.admin('/stats?filter=cds.update_success');
    return Number(stats.trim().split(': ').at(-1));
  }

  /** Resolves at any moment in the life of a controller: while it starts, serves, writes, or tells Envoy what is new. */
  async function anyMoment(random: Random): Promise<void> {
    const stage = random.pick(['starts', 'starts', 'serves', 'writes', 'writes', 'writes', 'tells'] as const);
    if (stage === 'starts') {
      await pause(random.below(1_000));
      return;
    }
    await until('the controller to be ready', () => controller.isReady() || undefined);
    if (stage === 'writes') {
      const goal = writes() + 1 + random.below(4);
      await until('the controller to write', () => writes() >= goal || undefined);
    } else if (stage === 'tells') {
      const told = (await updates()) + random.below(4);
      await until(
        'the controller to tell Envoy something',
        async () => (await updates()) > told || undefined,
      );
    }
    await pause(random.below(stage === 'serves' ? 300 : 15));
  }

  it(`moves no port, fails no request and is complete in the end, ${kills} times`, async (context) => {
    context.diagnostic(`MAESH_TEST_KILLS=${kills} MAESH_TEST_SEED=${seed}`);
    await using history = new ShadowHistory(plane.admin, namespaces.mesh);
    const keys = [`${still.http}/1123`, `${still.tcp}/1123`, `${still.udp}/1123/udp`, ...storm.kept];
    const first = await until('the first ports', async () => {
      const ports = await mesh.meshPorts();
      if (ports.size !== keys.length) throw new Error([...ports].join(' ') + controller.log);
      return ports;
    });
    await using open = new AsyncDisposableStack();
    const targets = await targetsOf(first, open);
    await using load = new TrafficLoad(targets, { pauseMs: 20 });
    const raging = storm.rage();
    const random = new Random(seed);
    const before = { writes: writes(), updates: await updates() };
    for (let kill = 0; kill < kills; kill++) {
      await anyMoment(random);
      await controller.kill();
      // The next one need not wait until its Lease has run out.
      await objects.delete(lease);
      controller = start();
      const ports = await mesh.meshPorts();
      assert.equal(new Set(ports.values()).size, ports.size, `kill ${kill} has given a port twice`);
    }
    const done = { writes: writes() - before.writes, updates: (await updates()) - before.updates };
    storm.stop();
    await raging;
    await load.moreOfEach(2);
    await complete().catch((error: unknown) => {
      throw new Error(`It is not complete. The last controller says:\n${controller.log}`, { cause: error });
    });
    await load.stop();
    context.diagnostic(
      `${storm.changes} changes, ${done.writes} writes, ${done.updates} updates of clusters at Envoy; ` +
        `${load.count} requests, 99 % within ${load.quantileMs(0.99).toFixed(1)} ms`,
    );
    assert.deepEqual(load.failures, []);
    const last = await mesh.meshPorts();
    for (const key of keys) {
      const port = first.get(key);
      assert.deepEqual([key, ...history.portsOf(key)], [key, port]);
      assert.deepEqual([key, last.get(key), history.wasGone(key)], [key, port, false]);
    }
    assert.ok(done.writes > kills / 4, 'controllers had something to write');
    assert.ok(done.updates > 0, 'Envoy had something to do');
  });

  /** Waits until the shadow Services, what the controller says and what Envoy holds are all what the objects make. */
  async function complete(): Promise<void> {
    const wanted = [...storm.expected, `${still.http}/1123`, `${still.tcp}/1123`, `${still.udp}/1123/udp`];
    await until('every port to be on record', async () => {
      assert.deepEqual([...(await mesh.meshPorts()).keys()].toSorted(), wanted.toSorted());
      return true;
    });
    const { topology, resources } = await clusterFromScratch(mesh, { plane, proxyAddress });
    await until('the controller to say the same', async () => {
      const text = [...topologyPieces(topology)].join('');
      assert.deepEqual(await controller.get('/api/topology/current'), JSON.parse(text));
      return true;
    });
    await until('Envoy to hold the same', async () => {
      const dump = JSON.parse(await envoy.admin('/config_dump?include_eds')) as unknown;
      assert.deepEqual(differences(told(resources), held(dump)), []);
      return true;
    });
  }
});

/** Calls of the services that stay, by new connections and by such as are kept. */
async function targetsOf(
  ports: ReadonlyMap<string, number>,
  open: AsyncDisposableStack,
): Promise<readonly Target[]> {
  const dial = (key: string): Dial => ({ address: proxyAddress, port: ports.get(key) ?? 0 });
  const [http, tcp, udp] = [
    dial(`${still.http}/1123`),
    dial(`${still.tcp}/1123`),
    dial(`${still.udp}/1123/udp`),
  ];
  const kept = open.use(new HttpClient());
  await until('the first connection', () => talkTcp({ ...tcp, send: 'x' }));
  await until('the first answer', async () => ((await sendHttp(http)).status === 200 ? true : undefined));
  const echo = open.use(await TcpEcho.open(tcp));
  const session = open.use(await UdpSession.open(udp));
  const named = async (what: Promise<string | undefined>, name: string): Promise<void> => {
    assert.equal(await what, name);
  };
  const echoOf = async (answer: ReturnType<typeof sendHttp>): Promise<string> => {
    const { status, echo: from, body } = await answer;
    return from?.name ?? `${status} ${body}`;
  };
  return [
    { name: 'http', ask: () => named(echoOf(sendHttp(http)), still.http) },
    { name: 'http, kept', ask: () => named(echoOf(kept.send(http)), still.http) },
    { name: 'http, changing', ask: () => named(echoOf(kept.send(dial(`${changing}/80`))), changing) },
    {
      name: 'tcp',
      ask: () =>
        named(
          talkTcp({ ...tcp, send: 'x' }).then(({ name }) => name),
          still.tcp,
        ),
    },
    { name: 'tcp, kept', ask: () => echo.echo() },
    {
      name: 'udp, kept',
      ask: () =>
        named(
          session.send().then(({ name }) => name),
          still.udp,
        ),
    },
  ];
}
