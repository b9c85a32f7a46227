// Problems on their objects, against a real API server: who has one finds it there, once, for as long as it lasts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { eventKey, eventOf, reportingController } from '../../src/apply/event.ts';
import { WrittenEvents } from '../../src/apply/written-events.ts';
import { resolveAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import type { Problem } from '../../src/model/problem.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { ProblemJson } from '../../src/serve/http/api-types.ts';
import { startController, type ControllerGiven, type RunningController } from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { RefusingProxy } from '../kit/refusing-proxy.ts';
import { until } from '../kit/until.ts';

const proxyAddress = '127.103.0.1';

let plane: ControlPlane;
let objects: KubeObjects;

before(async () => {
  plane = await startControlPlane({ tokens: [{ token: 'limited', user: 'limited' }] });
  objects = new KubeObjects(plane.admin);
});

after(async () => {
  objects[Symbol.dispose]();
  await plane.stop();
});

/** What `kubectl describe` shows of an Event. */
interface Shown extends KubeObject {
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly involvedObject: { readonly apiVersion: string; readonly uid: string };
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

/** A mesh of its own in the cluster, and the Events in the namespace of its services. */
class MeshWithEvents {
  readonly namespace: string;
  readonly #mesh: MeshInCluster;
  readonly #meshNamespace: string;

  private constructor(name: string) {
    this.namespace = `store-${name}`;
    this.#meshNamespace = `mesh-${name}`;
    this.#mesh = new MeshInCluster(objects, { mesh: this.#meshNamespace, services: this.namespace });
  }

  static async prepare(name: string): Promise<MeshWithEvents> {
    const mesh = new MeshWithEvents(name);
    await mesh.#mesh.prepare();
    return mesh;
  }

  async start(given: Partial<ControllerGiven> = {}): Promise<RunningController> {
    return await startController({
      kubeConfig: plane.kubeconfig,
      namespace: this.#meshNamespace,
      watchNamespaces: [this.namespace],
      proxyAddress,
      ...given,
    });
  }

  /** Makes or changes a Service to one with nothing wrong but this port, if it is given. */
  async put(name: string, { wrongPort }: { readonly wrongPort?: number } = {}): Promise<void> {
    const wrong = { name: 'wrong', port: wrongPort ?? 0, protocol: 'UDP' } as const;
    const ports = [{ name: 'web', port: 80 }, ...(wrongPort === undefined ? [] : [wrong])];
    await this.#mesh.put(name, ports);
  }

  async remove(name: string): Promise<void> {
    await this.#mesh.remove(name);
  }

  async uid(name: string): Promise<string> {
    const metadata = { name, namespace: this.namespace };
    const found = await objects.get({ apiVersion: 'v1', kind: 'Service', metadata });
    assert.ok(found?.metadata.uid);
    return found.metadata.uid;
  }

  /** Resolves with all Events when there are so many. */
  async events(count: number): Promise<readonly Shown[]> {
    return await this.#found('', count);
  }

  /** Resolves with what `kubectl describe service` finds when that is so much. */
  async described(name: string, count: number): Promise<readonly Shown[]> {
    const fields = { name, namespace: this.namespace, kind: 'Service', uid: await this.uid(name) };
    const selector = Object.entries(fields).map(([field, value]) => `involvedObject.${field}=${value}`);
    return await this.#found(`?fieldSelector=${encodeURIComponent(selector.join())}`, count);
  }

  async #found(query: string, count: number): Promise<readonly Shown[]> {
    return await until(
      `${count} Events`,
      async () => {
        const all = await objects.list(`/api/v1/namespaces/${this.namespace}/events${query}`);
        // The API server itself has some.
        const found = (all as readonly Shown[]).filter(({ reportingComponent }) =>
          reportingComponent.startsWith('mesh.traefik.io/'),
        );
        return found.length === count ? found : undefined;
      },
      30_000,
    );
  }
}

/** What the log says of Events that can't be written, be it in the words of the work queue. */
function complaints({ log }: RunningController): readonly string[] {
  return log.lines
    .filter(
      ({ level, message }) => (level === 'error' || level === 'warn') && /Event|^Processing/.test(message),
    )
    .map(({ message, fields }) => `${message}: ${String(fields['error'])}`);
}

async function leads({ log }: RunningController): Promise<void> {
  await until('a replica to lead', () =>
    log.lines.some(({ message }) => message === 'This replica leads') ? true : undefined,
  );
}

describe('Events of problems', () => {
  it('are found on the object, say what is wrong and what to do, and go when it is mended', async () => {
    const mesh = await MeshWithEvents.prepare('one');
    await using controller = await mesh.start({ name: 'replica-a' });
    await mesh.put('shop', { wrongPort: 53 });
    const [event] = await mesh.described('shop', 1);
    assert.ok(event);
    assert.deepEqual(
      [
        event.type,
        event.reason,
        event.involvedObject.apiVersion,
        event.reportingComponent,
        event.reportingInstance,
      ],
      ['Warning', 'PortProtocol', 'v1', 'mesh.traefik.io/mesh-one', 'replica-a'],
    );
    const [problem] = JSON.parse(await controller.get('/api/problems')) as readonly ProblemJson[];
    assert.equal(event.message, `${problem?.message}. ${problem?.advice}`);
    await mesh.put('shop');
    await mesh.events(0);
    assert.deepEqual(complaints(controller), []);
  });

  it('are there once, whichever replica leads and however often it starts', async () => {
    const mesh = await MeshWithEvents.prepare('once');
    await mesh.put('shop', { wrongPort: 53 });
    const first = await mesh.start({ name: 'a' });
    await leads(first);
    await using second = await mesh.start({ name: 'b' });
    const [event] = await mesh.events(1);
    await first.stop();
    // What was there is looked at before what comes later.
    await leads(second);
    await mesh.put('cart', { wrongPort: 54 });
    const events = await mesh.events(2);
    assert.deepEqual(
      events.find(({ involvedObject }) => involvedObject.uid === event?.involvedObject.uid),
      event,
    );
  });

  it('go when what is wrong was mended, or is gone, while no controller ran', async () => {
    const mesh = await MeshWithEvents.prepare('away');
    const first = await mesh.start();
    for (const name of ['shop', 'cart', 'bank']) await mesh.put(name, { wrongPort: 53 });
    await mesh.events(3);
    await first.stop();
    await mesh.put('shop');
    await mesh.remove('cart');
    await using _ = await mesh.start();
    const [left] = await mesh.events(1);
    assert.equal(left?.involvedObject.uid, await mesh.uid('bank'));
  });

  it('go with their object, and come on the one that takes its name', async () => {
    const mesh = await MeshWithEvents.prepare('gone');
    await using _ = await mesh.start();
    await mesh.put('shop', { wrongPort: 53 });
    await mesh.described('shop', 1);
    await mesh.remove('shop');
    await mesh.put('shop', { wrongPort: 53 });
    await mesh.described('shop', 1);
    await mesh.events(1);
    await mesh.remove('shop');
    await mesh.events(0);
  });

  it('leave those of other meshes and of others alone', async () => {
    const mesh = await MeshWithEvents.prepare('shared');
    const other = await MeshWithEvents.prepare('sharing');
    await using controllers = new AsyncDisposableStack();
    controllers.use(await mesh.start());
    controllers.use(await other.start({ watchNamespaces: [mesh.namespace] }));
    await mesh.put('shop', { wrongPort: 53 });
    const events = await mesh.described('shop', 2);
    assert.deepEqual(new Set(events.map(({ reportingComponent }) => reportingComponent)).size, 2);
  });

  it('come on two hundred services, one on each, and go from all of them', async () => {
    const mesh = await MeshWithEvents.prepare('many');
    await using _ = await mesh.start();
    const names = Array.from({ length: 200 }, (_, index) => `shop-${index}`);
    await Promise.all(names.map((name) => mesh.put(name, { wrongPort: 53 })));
    const events = await mesh.events(200);
    assert.equal(new Set(events.map(({ involvedObject }) => involvedObject.uid)).size, 200);
    await Promise.all(names.map((name) => mesh.put(name)));
    await mesh.events(0);
  });

  it('say that mesh ports have run out, as a problem and a metric do, until there is one again', async () => {
    const mesh = await MeshWithEvents.prepare('full');
    await using controller = await mesh.start({ limitHTTPPort: 1 });
    await mesh.put('a');
    await until('the first to be served', async () =>
      /"meshPort": ?5000/.test(await controller.get('/api/topology/current')) ? true : undefined,
    );
    await mesh.put('b');
    const [event] = await mesh.described('b', 1);
    assert.equal(event?.reason, 'PortsExhausted');
    assert.match(event.message, /^no mesh port is left for port 80, .*--limitHTTPPort/);
    assert.match(await controller.get('/api/problems'), /MAESH_PORTS_EXHAUSTED/);
    const metrics = await controller.get('/metrics');
    assert.match(metrics, /^maesh_problems\{code="MAESH_PORTS_EXHAUSTED"\} 1$/m);
    assert.match(metrics, /^maesh_mesh_ports\{traffic="http",state="free"\} 0$/m);
  });

  it('say what proxies of other replicas refuse as well, once for all of them, until none does any more', async () => {
    const mesh = await MeshWithEvents.prepare('others');
    await using leader = await mesh.start({ name: 'leader' });
    await leads(leader);
    await using follower = await mesh.start({ name: 'follower' });
    await until('the follower to be ready', () => follower.isReady() || undefined);
    using proxy = new RefusingProxy(follower.xdsPort, 'node-a', 'shop');
    await mesh.put('shop');
    const [event] = await mesh.described('shop', 1);
    assert.equal(event?.reason, 'ProxyRejected');
    assert.equal(event.reportingInstance, 'leader');
    using other = new RefusingProxy(leader.xdsPort, 'node-b', 'shop');
    await until('the other to refuse it', async () =>
      (await leader.get('/api/problems')).includes('node-b') ? true : undefined,
    );
    proxy[Symbol.dispose]();
    await until('it to be gone', async () =>
      (await follower.get('/api/problems')).includes('node-a') ? undefined : true,
    );
    assert.deepEqual(await mesh.described('shop', 1), [event], 'as long as another does');
    other[Symbol.dispose]();
    await mesh.events(0);
    assert.deepEqual([...complaints(leader), ...complaints(follower)], []);
  });

  it('say what proxies of the leader refuse, once for all of them, until none does any more', async () => {
    const mesh = await MeshWithEvents.prepare('refused');
    await using controller = await mesh.start();
    await leads(controller);
    await mesh.put('cart');
    using proxy = new RefusingProxy(controller.xdsPort, 'node-a', 'shop');
    using other = new RefusingProxy(controller.xdsPort, 'node-b', 'shop');
    await mesh.put('shop');
    const [event] = await mesh.described('shop', 1);
    assert.equal(event?.reason, 'ProxyRejected');
    assert.match(event.message, /^a proxy refuses Cluster \S*shop\S*: this proxy takes no such cluster\. /);
    await until('the good cluster', () =>
      [...proxy.accepted.keys(), ...other.accepted.keys()].length === 2 ? true : undefined,
    );
    assert.match(await controller.get('/api/problems'), /proxy node-[ab] refuses/);
    proxy[Symbol.dispose]();
    await until('it to be gone', async () =>
      (await controller.get('/api/problems')).includes('node-a') ? undefined : true,
    );
    assert.deepEqual(await mesh.described('shop', 1), [event], 'as long as another does');
    other[Symbol.dispose]();
    await mesh.events(0);
    assert.deepEqual(complaints(controller), []);
  });

  it('are dropped in silence where the namespace is being deleted', async () => {
    const mesh = await MeshWithEvents.prepare('leaving');
    const staying = await MeshWithEvents.prepare('staying');
    await using controller = await mesh.start({ watchNamespaces: [mesh.namespace, staying.namespace] });
    await mesh.put('shop');
    // Without a controller of namespaces it stays so.
    await objects.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: mesh.namespace } });
    await mesh.put('shop', { wrongPort: 53 });
    await until('the problem', async () =>
      (await controller.get('/api/problems')).includes('PORT_PROTOCOL') ? true : undefined,
    );
    await staying.put('shop', { wrongPort: 53 });
    await staying.described('shop', 1);
    await mesh.events(0);
    assert.deepEqual(complaints(controller), []);
  });

  it('wait for permission, and the log says once what to grant', async () => {
    const mesh = await MeshWithEvents.prepare('limited');
    const rule = (group: string, ...resources: readonly string[]): object => ({
      apiGroups: [group],
      resources,
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    });
    const others = [
      rule('', 'services', 'pods'),
      rule('discovery.k8s.io', 'endpointslices'),
      rule('coordination.k8s.io', 'leases'),
    ];
    await grant(others);
    await mesh.put('shop', { wrongPort: 53 });
    const kubeConfig = await plane.writeKubeconfig({ token: 'limited' });
    await using controller = await mesh.start({ kubeConfig });
    const [complaint = ''] = await until('the complaint', () => {
      const found = complaints(controller);
      return found.length > 0 ? found : undefined;
    });
    assert.ok(
      complaint.includes(
        'Grant it by a rule {apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["list", "create", "patch", "delete"]}',
      ),
      complaint,
    );
    await grant([...others, rule('events.k8s.io', 'events')]);
    await mesh.described('shop', 1);
    assert.deepEqual(complaints(controller), [complaint]);
  });
});

describe('an Event that is written', () => {
  it('is one however often, is seen again in its series, and is known by what it is to whoever comes after', async () => {
    const client = new KubeClient({ access: await resolveAccess({ kubeConfig: plane.kubeconfig, env: {} }) });
    const subject = { kind: 'Service', namespace: 'default', name: 'kubernetes' };
    const problem: Problem = {
      code: 'MAESH_PORT_RANGE',
      subject,
      message: 'it is wrong',
      advice: 'Mend it.',
    };
    const controller = reportingController('mesh-written');
    const options = { client, controller, clock: systemClock };
    const event = eventOf(problem, controller);
    assert.ok(event);
    const { signal } = new AbortController();
    const by = (instance: string): WrittenEvents => new WrittenEvents({ ...options, instance });
    const [first, second, third] = [by('a'), by('b'), by('c')] as const;
    await first.create(event, signal);
    await second.create(event, signal);
    await first.refresh(event, signal);
    await first.refresh(event, signal);
    const path = `/apis/events.k8s.io/v1/namespaces/default/events/${event.name}`;
    const { series, reportingInstance } = (await objects.send({ path })) as KubeObject;
    assert.equal((series as { readonly count: number }).count, 3);
    assert.equal(reportingInstance, 'a');
    await third.find([undefined], signal);
    assert.deepEqual([...third.keys()], [eventKey(event)]);
    await third.delete(eventKey(event), signal);
    await assert.rejects(objects.send({ path }), { status: 404 });
    // Is gone: whoever sees it again or deletes it knows it then.
    await first.refresh(event, signal);
    await second.delete(eventKey(event), signal);
    for (const each of [first, second, third]) assert.equal(each.ageMs(eventKey(event)), undefined);
    client.close();
  });
});

/** Grants the user `limited` these permissions and no others. */
async function grant(rules: readonly object[]): Promise<void> {
  const metadata = { name: 'limited' };
  const api = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata };
  const group = 'rbac.authorization.k8s.io';
  await objects.apply(
    { ...api, kind: 'ClusterRole', rules },
    {
      ...api,
      kind: 'ClusterRoleBinding',
      subjects: [{ apiGroup: group, kind: 'User', name: 'limited' }],
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'limited' },
    },
  );
}
