// A whole Kubernetes cluster on this machine: a control plane and two nodes that run pods, with the cluster's DNS. It
// takes root, the packages of tools/cluster/packages.ts and some 15 s to start, and 1.4 GB.

import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { images } from '../../tools/image/images.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { KubeObjects } from './kube-objects.ts';
import { removeCgroups } from './nodes/cgroups.ts';
import { clusterDns } from './nodes/cluster-dns.ts';
import { hostAddress, makeNetwork, removeNetwork, type NodePlace } from './nodes/network.ts';
import { ClusterNode, type NodeOptions } from './nodes/node.ts';
import { prepareNode } from './nodes/prepare-node.ts';
import { addressIn, takeSlot, type Slot } from './nodes/slot.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const imageTool = join(import.meta.dirname, '..', '..', 'tools', 'image', 'main.ts');

const nodeNames = ['node1', 'node2'];

/** A cluster that runs. Its processes end with this one, and what else there is of it is removed by the next to start. */
export class TwoNodeCluster implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly #slot: Slot;
  readonly #archive: string;
  readonly #nodes: ClusterNode[] = [];
  readonly #made = new AsyncDisposableStack();

  private constructor(slot: Slot, plane: ControlPlane) {
    this.#slot = slot;
    this.plane = plane;
    this.#archive = join(slot.folder, 'images.tar');
  }

  /** Starts a cluster; resolves when its nodes are ready and its DNS is. Where it can't be started, nothing of it is left. */
  static async start(): Promise<TwoNodeCluster> {
    await using made = new AsyncDisposableStack();
    const slot = made.use(await takeSlot());
    await clear(slot);
    made.defer(() => clear(slot));
    await mkdir(slot.folder, { recursive: true });
    const places = await makeNetwork(slot, nodeNames);
    const network = { address: hostAddress(slot), services: slot.ranges.services };
    const plane = made.use(await startControlPlane({ network }));
    const cluster = new TwoNodeCluster(slot, plane);
    made.defer(() => cluster.#killNodes());
    await cluster.#fill(places);
    cluster.#made.use(made.move());
    return cluster;
  }

  /**
   * Ends the API server as one that is replaced, and what ends with it in any cluster: controllers and scheduler give up
   * when they can't renew their Leases, within ten seconds, and begin anew. (Controllers that went on would take every
   * node for dead when the API server is back.)
   */
  async stopApiServer(): Promise<void> {
    await Promise.all([this.plane.kill('kube-controller-manager'), this.plane.kill('kube-scheduler')]);
    await this.plane.stopApiServer();
  }

  /** Starts them again. Resolves when they are at work. */
  async startApiServer(): Promise<void> {
    await this.plane.startApiServer();
    await this.plane.startControllerManager();
    this.plane.startScheduler();
  }

  /** Has a node hear nothing of services and their endpoints any more. */
  haltKubeProxy(node: string): Promise<void> {
    return this.#node(node).signal('kube-proxy', 'STOP');
  }

  /** Has it hear of them again. */
  continueKubeProxy(node: string): Promise<void> {
    return this.#node(node).signal('kube-proxy', 'CONT');
  }

  /** Makes the images of an archive known to every node. */
  async importImages(archive: string): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.importImages(archive)));
  }

  /** Copies the logs of its nodes and pods into new folders in one that is there. */
  async saveLogs(folder: string): Promise<void> {
    for (const node of this.#nodes) {
      const own = join(folder, node.name);
      await mkdir(own);
      await node.saveLogs(own);
    }
  }

  /** Ends all processes and removes all that was made. */
  async stop(): Promise<void> {
    await this.#made.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Starts a node. Resolves when it is ready. */
  async #startNode(options: NodeOptions): Promise<void> {
    const { name } = options;
    const node = await ClusterNode.start(options, this.#archive);
    this.#nodes.push(node);
    using objects = new KubeObjects(this.plane.admin);
    const isReady = async (): Promise<true | undefined> => {
      const object = await objects.get({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
      return conditionOf(object?.['status'], 'Ready') === 'True' || undefined;
    };
    await until(`${name} to be ready`, isReady, 60_000).catch(async (error: unknown) => {
      throw new Error(`${name} does not become ready.${await node.logTails()}`, { cause: error });
    });
  }

  #node(name: string): ClusterNode {
    const found = this.#nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`There is no node ${name}`);
    return found;
  }

  async #killNodes(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
  }

  async #fill(places: readonly NodePlace[]): Promise<void> {
    const { folder: parent, ranges } = this.#slot;
    const [pause, coredns, proxy] = await Promise.all([
      images.pause(),
      images.coredns(),
      this.plane.authority.issue({ commonName: 'system:kube-proxy' }),
      run(process.execPath, [imageTool, this.#archive, ...Object.keys(images)]),
    ]);
    const common = {
      parent,
      pauseImage: pause.reference,
      dnsAddress: addressIn(ranges.services, 10),
      proxyKubeconfig: await this.plane.writeKubeconfig({ certificate: proxy }),
    };
    const start = async (place: NodePlace): Promise<void> =>
      this.#startNode(await prepareNode(this.plane, { ...common, place }));
    using objects = new KubeObjects(this.plane.admin);
    const dns = clusterDns({ image: coredns.reference, address: common.dnsAddress });
    // Each is waited for, as nothing may go on where another has failed.
    const begun = await Promise.allSettled([objects.applyYaml(dns), ...places.map(start)]);
    for (const each of begun) if (each.status === 'rejected') throw each.reason;
    const isReady = async (): Promise<true | undefined> => {
      const { readyReplicas } = ((await objects.get(dnsDeployment))?.['status'] ?? {}) as {
        readonly readyReplicas?: number;
      };
      return readyReplicas === places.length || undefined;
    };
    await until('CoreDNS to be ready on every node', isReady, 60_000);
  }
}

const dnsDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coredns', namespace: 'kube-system' },
};

/** Leaves nothing of a slot: neither of a cluster that stops nor of one whose process was killed. */
async function clear(slot: Slot): Promise<void> {
  await Promise.all(nodeNames.map((name) => removeCgroups(join(slot.folder, name))));
  await removeNetwork(slot);
  await rm(slot.folder, { recursive: true, force: true });
}

function conditionOf(status: unknown, type: string): string | undefined {
  const { conditions = [] } = (status ?? {}) as {
    conditions?: readonly { readonly type: string; readonly status: string }[];
  };
  return conditions.find((each) => each.type === type)?.status;
}
