// Services of a cluster that are called without end from pods of both nodes, while a test does something to the cluster.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import { caughtUp } from './caught-up.ts';
import type { HttpClientOptions } from './clients/http.ts';
import type { KubeObject, KubeObjects } from './kube-objects.ts';
import type { LoadFailure, LoadTarget } from './pods/load.ts';
import { PodsLoad } from './pods/pods-load.ts';
import { readyPods, testPods, type TestPod } from './pods/test-pod.ts';
import type { RunningCluster } from './running-cluster.ts';
import { until } from './until.ts';

/** Their names, below any domain, and the ports of their pods. */
const services = { shop: 'http', cart: 'http', feed: 'tcp' } as const;
const podPorts = { http: 8080, tcp: 9000 };

/** What they are called by: `maesh`, or `svc.cluster.local`. */
export type Domain = string;

/** Where they are. */
interface BusyIn {
  readonly cluster: RunningCluster;
  readonly objects: KubeObjects;
  readonly namespace: string;
}

/** HTTP services `shop` and `cart`, port 80, and a TCP service `feed`, port 9000, all of the same three pods. */
export class BusyServices implements AsyncDisposable {
  readonly #in: BusyIn;
  readonly #callers: ReadonlyMap<string, TestPod>;

  private constructor(at: BusyIn, callers: ReadonlyMap<string, TestPod>) {
    this.#in = at;
    this.#callers = callers;
  }

  /** Makes them. Resolves when they answer to the cluster's own names. */
  static async start(at: BusyIn): Promise<BusyServices> {
    const { objects, namespace } = at;
    const backends = { name: 'backend', namespace, serves: podPorts, replicas: 3, drainSeconds: 5 };
    await objects.apply(
      ...testPods(backends),
      ...testPods({ name: 'caller', namespace }),
      ...Object.keys(services).map((name) => serviceObject(namespace, name as keyof typeof services)),
    );
    await readyPods(objects, { namespace, label: 'app=backend' });
    const callers = await readyPods(objects, { namespace, label: 'app=caller' });
    const busy = new BusyServices(at, callers);
    await busy.answered('svc.cluster.local');
    return busy;
  }

  /** Addresses of the pods that serve. */
  async backendAddresses(): Promise<readonly string[]> {
    const { objects, namespace } = this.#in;
    const pods = await objects.list(`/api/v1/namespaces/${namespace}/pods?labelSelector=app=backend`);
    return pods.map(({ status }) => (status as { podIP: string }).podIP);
  }

  /** Resolves when each is answered to callers of both nodes. */
  async answered(domain: Domain): Promise<void> {
    for (const { kind, address, port } of this.#targets(domain)) {
      const call = async (pod: TestPod): Promise<object> =>
        kind === 'tcp' ? pod.call('tcp', { address, port, send: 'x' }) : pod.call('http', { address, port });
      for (const pod of this.#callers.values())
        await until(`${kind} ${address} from ${pod.node}`, () => call(pod), 60_000);
    }
  }

  /** Resolves when callers' nodes, and DNS, have heard of what is new since the API server was away. */
  caughtUp(): Promise<void> {
    return caughtUp(this.#in.objects, this.#callers.values());
  }

  /**
   * Calls them, by all of some domains, while something is done, and for a while after it. Fails where a call failed.
   *
   * @param client What callers do on kept connections; by default they get by without sending anything again.
   */
  async whileCalled(
    t: TestContext,
    domains: Domain | readonly Domain[],
    work: () => Promise<unknown>,
    client: HttpClientOptions = {},
  ): Promise<void> {
    const targets = [domains].flat().flatMap((domain) => this.#targets(domain));
    const order = { targets, pauseMs: 20, ...client };
    await using load = await PodsLoad.start(this.#callers.values(), order);
    await work();
    await load.more(500);
    const { count, failures, slowMs } = await load.stop();
    t.diagnostic(`${count} calls, ${failures.length} failed; one in a thousand took ${slowMs.toFixed(0)} ms`);
    assert.deepEqual(summary(failures), {});
  }

  /** Deletes them. Resolves when nothing is left of their namespace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#in.cluster.kubectl('delete', 'namespace', this.#in.namespace);
  }

  #targets(domain: Domain): readonly LoadTarget[] {
    const address = (name: keyof typeof services): string => `${name}.${this.#in.namespace}.${domain}`;
    return [
      { kind: 'kept', address: address('shop'), port: 80 },
      { kind: 'new', address: address('cart'), port: 80 },
      { kind: 'tcp', address: address('feed'), port: 9000 },
      { kind: 'lookup', address: address('shop'), port: 80 },
    ];
  }
}

function serviceObject(namespace: string, name: keyof typeof services): KubeObject {
  const traffic = services[name];
  const annotations = { 'mesh.traefik.io/traffic-type': traffic };
  const metadata: KubeObject['metadata'] & { annotations: object } = { name, namespace, annotations };
  const port = traffic === 'http' ? 80 : podPorts.tcp;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: { app: 'backend' }, ports: [{ port, targetPort: podPorts[traffic] }] },
  };
}

/** Failures by what they were, each with how many there were and when. */
function summary(failures: readonly LoadFailure[]): Readonly<Record<string, string>> {
  const groups = Object.groupBy(failures, ({ target, message }) => `${target}: ${message}`);
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
  return Object.fromEntries(
    Object.entries(groups).map(([what, group = []]) => {
      const from = Math.min(...group.map((each) => each.from));
      const last = Math.max(...group.map((each) => each.until));
      return [what, `${group.length}, from ${time(from)} to ${time(last)}`];
    }),
  );
}
