// Maesh in a real cluster as its users have it: the chart, installed by Helm with the images that it names.

import type { Resolver } from 'node:dns/promises';

import { chart } from './chart.ts';
import { inventoryDifferences, takeInventory, type Inventory } from './cluster-inventory.ts';
import { eachDnsServer } from './dns-servers.ts';
import type { KubeObjects } from './kube-objects.ts';
import { readyPods, type TestPod } from './pods/test-pod.ts';
import type { RunningCluster } from './running-cluster.ts';
import { until } from './until.ts';

/** The namespace of the release, and its name where no other is given. */
export const mesh = 'maesh';

const helmFlags = ['--namespace', mesh];

/** A cluster and a client of its administrator's. */
export interface ReleaseIn {
  readonly cluster: RunningCluster;
  readonly objects: KubeObjects;
  /** Name of the release; {@link mesh} by default. */
  readonly name?: string;
}

/** Values of the chart by their paths, such as `proxy.drainSeconds`. */
type ChartValues = Readonly<Record<string, unknown>>;

function valueFlags(values: ChartValues): string[] {
  return Object.entries(values).flatMap(([path, value]) => [
    '--set-json',
    `${path}=${JSON.stringify(value)}`,
  ]);
}

/** An installed release. */
export class MeshRelease {
  readonly #cluster: RunningCluster;
  readonly #objects: KubeObjects;
  readonly #name: string;
  readonly #before: Inventory;

  private constructor({ cluster, objects, name = mesh }: ReleaseIn, before: Inventory) {
    this.#cluster = cluster;
    this.#objects = objects;
    this.#name = name;
    this.#before = before;
  }

  /** A release that is not installed yet, in a namespace that is there. The cluster as it is is remembered. */
  static async begin(where: ReleaseIn): Promise<MeshRelease> {
    await settle(where.objects);
    return new MeshRelease(where, await takeInventory(where.objects));
  }

  /** Installs the chart with some values, and waits for nothing but Helm. The cluster as it was is remembered. */
  static async install(where: ReleaseIn, values: ChartValues = {}): Promise<MeshRelease> {
    const release = await MeshRelease.begin(where);
    await release.install(values);
    return release;
  }

  /** Installs a release that was only begun. */
  async install(values: ChartValues = {}): Promise<void> {
    await this.#cluster.helm('install', this.#name, chart, ...valueFlags(values), ...helmFlags);
  }

  /** Upgrades the release to the chart with other values, and waits for nothing but Helm. */
  async upgrade(values: ChartValues): Promise<void> {
    await this.#cluster.helm('upgrade', this.#name, chart, ...valueFlags(values), ...helmFlags);
  }

  /** The proxies by their nodes, once there is a ready one on each. */
  proxies(): Promise<ReadonlyMap<string, TestPod>> {
    return readyPods(this.#objects, { namespace: mesh, label: 'component=maesh-mesh' });
  }

  /**
   * Waits until every server of the cluster's DNS knows a name of the mesh. Each reads its configuration anew at a time of
   * its own: CoreDNS looks every 30 to 45 s, after the kubelet has put it into the pod.
   */
  async named(name: string): Promise<void> {
    const isKnown = async (server: Resolver): Promise<boolean> => (await server.resolve4(name)).length > 0;
    await eachDnsServer(`has ${name}`, { objects: this.#objects, condition: isKnown });
  }

  /** Waits until none of them has the mesh's domains in its configuration any more. A name in these has to be given. */
  forgotten(name: string): Promise<void> {
    return forgottenByDns(this.#objects, name);
  }

  /**
   * Uninstalls the release, and resolves with what is not as it was before when all pods are gone: a line for each
   * object, as {@link inventoryDifferences} has them. The definitions of SMI don't count: Helm keeps what is in a
   * chart's folder `crds`, since everybody's objects of these kinds would go with them.
   */
  async uninstall(): Promise<string[]> {
    await this.#cluster.helm('uninstall', this.#name, ...helmFlags);
    const pods = `/api/v1/namespaces/${mesh}/pods`;
    const areGone = async (): Promise<true | undefined> =>
      (await this.#objects.list(pods)).length === 0 || undefined;
    await until('the end of all pods of the mesh', areGone, 90_000);
    const differences = inventoryDifferences(this.#before, await takeInventory(this.#objects));
    return differences.filter((line) => !/^\+ .*\.smi-spec\.io$/.test(line));
  }
}

/** Waits until no server of the cluster's DNS has the domain of a name in its configuration. */
async function forgottenByDns(objects: KubeObjects, name: string): Promise<void> {
  // The mesh says of names that it doesn't know that there are none. Without it, servers ask those outside the cluster, and
  // a cluster of tests has no outside.
  const isForgotten = (resolver: Resolver): Promise<boolean> =>
    resolver.resolve4(name).then(
      () => false,
      ({ code }: NodeJS.ErrnoException) => code === 'ESERVFAIL' || code === 'ETIMEOUT',
    );
  await eachDnsServer(`has nothing of ${name}`, { objects, condition: isForgotten });
}

/** Makes the namespace, and waits for what Kubernetes puts into it, and for the end of what tests before have left behind. */
async function settle(objects: KubeObjects): Promise<void> {
  await objects.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: mesh } });
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-root-ca.crt', namespace: mesh },
  };
  await until('what is in every namespace', () => objects.get(map));
  const areSettled = async (): Promise<true | undefined> => {
    const namespaces = await objects.list('/api/v1/namespaces');
    return namespaces.every(({ metadata }) => !('deletionTimestamp' in metadata)) || undefined;
  };
  await until('the end of namespaces that are deleted', areSettled, 90_000);
  await forgottenByDns(objects, 'nothing.nowhere.maesh');
}
