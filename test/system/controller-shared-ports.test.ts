// What an original Maesh left is taken over while it is called: its HTTP services share mesh ports, which its proxies told
// apart by Host, and each gets a port of its own without a call that fails.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { bootstrap } from '../../src/translate/bootstrap.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { shortTimes, startController, type RunningController } from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { startEnvoyProcess, type EnvoyProcess } from '../kit/envoy-process.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { Caller, KubeProxy } from '../kit/kube-proxy.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { Relay } from '../kit/relay.ts';
import { TrafficLoad, type Target } from '../kit/traffic-load.ts';
import { until } from '../kit/until.ts';

const count = 20;
/** As the original hands them out: by the place of the port in its Service. */
const shared: Readonly<Record<number, number>> = { 80: 5000, 8080: 5001 };
const proxies = ['127.106.2.1', '127.106.2.2'] as const;
/** How long what the second proxy is told is under way, and what it acknowledges: longer than all steps of a move, in milliseconds. */
const slowness = 250;
const backendAddress = '127.106.2.9';

let plane: ControlPlane;
let objects: KubeObjects;

before(async () => {
  plane = await startControlPlane();
  objects = new KubeObjects(plane.admin);
});

after(async () => {
  objects[Symbol.dispose]();
  await plane.stop();
});

const names: readonly string[] = Array.from({ length: count }, (_, index) => `shop-${index}`);

/** A mesh of its own as the original left it, with backends for each service port. */
class Left implements AsyncDisposable {
  readonly mesh: MeshInCluster;
  readonly at: { readonly mesh: string; readonly services: string };
  readonly #backends: Backend[] = [];

  constructor(name: string) {
    this.at = { mesh: `mesh-${name}`, services: `store-${name}` };
    this.mesh = new MeshInCluster(objects, this.at);
  }

  async prepare(): Promise<void> {
    await this.mesh.prepare();
    await Promise.all(names.map(async (name) => await this.#prepareService(name)));
  }

  /** Pods of proxies, ready or not, as the original's daemon set has them or ours. */
  async putPods(ready: boolean): Promise<void> {
    const { mesh: namespace } = this.at;
    await objects.apply(
      ...proxies.map((ip, index): KubeObject => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `maesh-mesh-${index}`,
          namespace,
          labels: { app: 'maesh', component: 'maesh-mesh' },
        } as KubeObject['metadata'],
        spec: { containers: [{ name: 'maesh-mesh', image: 'localhost/proxy' }] },
        status: {
          phase: 'Running',
          podIP: ip,
          podIPs: [{ ip }],
          conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        },
      })),
    );
  }

  /** Has nobody lead until {@link letLead}. */
  async holdLead(): Promise<void> {
    await this.#putLease({ holderIdentity: 'the original', leaseDurationSeconds: 3600 });
  }

  async letLead(): Promise<void> {
    await this.#putLease({ holderIdentity: '', leaseDurationSeconds: 1 });
  }

  async #putLease(spec: object): Promise<void> {
    const metadata = { name: 'maesh-controller', namespace: this.at.mesh };
    const now = new Date().toISOString().replace('Z', '000Z');
    const times = { acquireTime: now, renewTime: now };
    await objects.apply({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: { ...spec, ...times },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#backends.map((each) => each.close()));
  }

  async #prepareService(name: string): Promise<void> {
    const ports = Object.keys(shared).map((port) => ({ name: `port-${port}`, port: Number(port) }));
    const started = await Promise.all(
      ports.map(({ port }) => startHttpBackend({ name: `${name}/${port}`, address: backendAddress })),
    );
    this.#backends.push(...started);
    await this.mesh.put(name, ports);
    await Promise.all(
      started.map(async ({ port }, index) => {
        const slice = this.mesh.slice(name, {
          address: backendAddress,
          ports: [{ name: ports[index]?.name ?? '', port, protocol: 'TCP' }],
        });
        const metadata = { ...slice.metadata, name: `${name}-${index}` };
        await plane.putSlice({ ...slice, metadata });
      }),
    );
    await objects.send({
      method: 'POST',
      path: `/api/v1/namespaces/${this.at.mesh}/services`,
      body: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name: `${this.at.mesh}-${name}-6d61657368-${this.at.services}`,
          namespace: this.at.mesh,
          labels: { app: 'maesh', type: 'shadow' },
        },
        spec: {
          ports: ports.map(({ port, ...rest }) => ({ ...rest, port, targetPort: shared[port] })),
          selector: { component: 'maesh-mesh' },
        },
      },
    });
  }
}

/** Envoys of a mesh, one for each replica, that find it behind a relay. */
class Proxies implements AsyncDisposable {
  readonly relays: readonly Relay[];
  readonly #envoys: readonly EnvoyProcess[];

  private constructor(relays: readonly Relay[], envoys: readonly EnvoyProcess[]) {
    this.relays = relays;
    this.#envoys = envoys;
  }

  static async start(replicas: readonly RunningController[]): Promise<Proxies> {
    const relays = await Promise.all(
      replicas.map(({ xdsPort }, index) => Relay.start(xdsPort, index * slowness)),
    );
    const envoys = await Promise.all(
      relays.map(({ port }, index) =>
        startEnvoyProcess(
          bootstrap({
            nodeId: `node-${index}`,
            cluster: 'maesh',
            xds: { address: '127.0.0.1', port },
            admin: { address: '127.0.0.1', port: 9901 },
          }),
        ),
      ),
    );
    return new Proxies(relays, envoys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#envoys.map((envoy) => envoy[Symbol.asyncDispose]()));
    await Promise.all(this.relays.map((relay) => relay[Symbol.asyncDispose]()));
  }
}

/** Where callers run: each node's kube-proxy is behind the API server by some other time. */
interface Node {
  readonly proxy: string;
  readonly domain: string;
  readonly kubeProxy: KubeProxy;
}

/** Calls every service port by every proxy, half of them on a connection that is kept as long as it may. */
class Callers implements AsyncDisposable {
  readonly load: TrafficLoad;
  /** Mesh ports of the last answers, by proxy and service port. */
  readonly answeredAt: Map<string, number> = new Map<string, number>();
  readonly #nodes: readonly Node[];
  readonly #callers: Caller[] = [];

  private constructor(nodes: readonly Node[], services: string) {
    this.#nodes = nodes;
    const targets = nodes.flatMap((node) =>
      names.flatMap((name, index) =>
        Object.keys(shared).map((port): Target => {
          const host = `${name}.${services}.${node.domain}${port === '80' ? '' : `:${port}`}`;
          return this.#target({ ...node, servicePort: `${name}/${port}`, host, keeps: index % 2 === 0 });
        }),
      ),
    );
    this.load = new TrafficLoad(targets, { pauseMs: 150 });
  }

  /** Begins when every node knows the shadow Services. */
  static async start({ at }: Left): Promise<Callers> {
    const nodes = proxies.map((proxy, index) => ({
      proxy,
      domain: index === 0 ? 'maesh' : 'traefik.mesh',
      kubeProxy: new KubeProxy({ access: plane.admin, mesh: at.mesh, lagMs: (1 - index) * 400 }),
    }));
    await until('the nodes to know the shadow Services', () =>
      nodes.every(({ kubeProxy }) => names.every((name) => kubeProxy.meshPort(`${name}/80`) !== undefined))
        ? true
        : undefined,
    );
    const callers = new Callers(nodes, at.services);
    await callers.load.moreOfEach(1);
    return callers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load.stop();
    for (const caller of this.#callers) caller[Symbol.dispose]();
    await Promise.all(this.#nodes.map(({ kubeProxy }) => kubeProxy[Symbol.asyncDispose]()));
  }

  #target(to: ConstructorParameters<typeof Caller>[0]): Target {
    const { proxy, servicePort, host } = to;
    const caller = new Caller(to);
    this.#callers.push(caller);
    const name = `${proxy} ${servicePort}`;
    return {
      name,
      ask: async () => {
        const { status, body, meshPort } = await caller.send();
        const echo = status === 200 ? (JSON.parse(body) as { name: string; host: string }) : undefined;
        assert.equal(echo?.name, servicePort, `${status} ${body} at ${meshPort}`);
        assert.equal(echo.host, host);
        this.answeredAt.set(name, meshPort);
      },
    };
  }
}

const isShared = (port: number): boolean => Object.values(shared).includes(port);

async function startReplica(
  left: Left,
  index: 0 | 1,
  kubeConfig = plane.kubeconfig,
): Promise<RunningController> {
  return await startController({
    name: `replica-${index}`,
    kubeConfig,
    namespace: left.at.mesh,
    watchNamespaces: [left.at.services],
    proxyAddress: proxies[index],
    replicaTimes: {
      ...shortTimes,
      staleMs: 3_000,
      moves: { lookMs: 100, batch: 1, settleMs: 0, leaveMs: 3_000 },
    },
  });
}

/** Resolves when so many service ports at least have a mesh port of their own that callers are sent to. */
async function switched(left: Left, least: number): Promise<ReadonlyMap<string, number>> {
  return await until(
    `${least} ports of their own`,
    async () => {
      const ports = await left.mesh.meshPorts();
      const own = [...ports.values()].filter((port) => !isShared(port));
      assert.equal(new Set(own).size, own.length);
      return own.length >= least ? ports : undefined;
    },
    60_000,
  );
}

/** Resolves when no move is on record any more. */
async function ended(left: Left): Promise<void> {
  await until(
    'the moves to be off the record',
    async () => {
      const shadows = await left.mesh.shadows();
      const moving = shadows.filter(({ metadata }) => JSON.stringify(metadata).includes('moving-ports'));
      // What the API server knows of who wrote which field keeps the name no longer than the field.
      return moving.length === 0 ? true : undefined;
    },
    60_000,
  );
}

describe('services that share mesh ports', () => {
  it('get ports of their own without a call that fails', { timeout: 120_000 }, async () => {
    await using left = new Left('called');
    await left.prepare();
    await left.holdLead();
    await left.putPods(true);
    await using first = await startReplica(left, 0);
    await using second = await startReplica(left, 1);
    await until('both to be ready', () => (first.isReady() && second.isReady() ? true : undefined));
    await using envoys = await Proxies.start([first, second]);
    assert.equal(envoys.relays.length, proxies.length);
    await using callers = await Callers.start(left);
    assert.ok([...callers.answeredAt.values()].every(isShared), 'before anybody leads');
    await left.letLead();
    const ports = await switched(left, 2 * count);
    assert.ok(
      [...callers.answeredAt.values()].some(isShared),
      'connections to a shared port are kept when others have been left',
    );
    await until('no caller to use a shared port', () =>
      [...callers.answeredAt.values()].some(isShared) ? undefined : true,
    );
    await ended(left);
    await callers.load.moreOfEach(2);
    assert.deepEqual(callers.load.failures, []);
    assert.deepEqual(await left.mesh.meshPorts(), ports);
    for (const [name, port] of callers.answeredAt) assert.equal(port, ports.get(name.split(' ')[1] ?? ''));
  });

  it('lose no call where the leader is killed in the middle', { timeout: 180_000 }, async () => {
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const cut = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
    await using left = new Left('killed');
    await left.prepare();
    await left.holdLead();
    await left.putPods(true);
    const leader = await startReplica(left, 0, cut);
    await until('it to be ready', () => (leader.isReady() ? true : undefined));
    await left.letLead();
    await until('it to lead', () => leader.log.lines.find(({ message }) => message === 'This replica leads'));
    await using other = await startReplica(left, 1);
    await until('the other to be ready', () => (other.isReady() ? true : undefined));
    // As long as there are pods that are not connected, callers are sent where the original's proxies serve them.
    await until('the leader to wait for the pods', () =>
      leader.log.lines.find(({ message }) => message.startsWith('Services go on sharing')),
    );
    assert.ok([...(await left.mesh.meshPorts()).values()].every(isShared));
    await using envoys = await Proxies.start([leader, other]);
    await using callers = await Callers.start(left);
    await switched(left, 8);
    // It can give back nothing, and its proxy has nobody for a while.
    proxy.receive('reset');
    proxy.cut();
    await leader.stop();
    const before = await left.mesh.meshPorts();
    assert.ok([...before.values()].some(isShared), 'it was killed too late');
    await using next = await startReplica(left, 0);
    envoys.relays[0]?.lead(next.xdsPort);
    const ports = await switched(left, 2 * count);
    for (const [servicePort, port] of before) if (!isShared(port)) assert.equal(ports.get(servicePort), port);
    await ended(left);
    await callers.load.moreOfEach(2);
    assert.deepEqual(callers.load.failures, []);
    assert.deepEqual(await left.mesh.meshPorts(), ports);
  });
});
