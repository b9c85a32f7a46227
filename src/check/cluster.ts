// The cluster that is looked at: what several checks need to know of it, each asked for once.

import { isRecord } from '../kube/api-object.ts';
import type { KubeClient } from '../kube/client.ts';
import { serverVersion, type ServerVersion } from '../kube/discovery.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { CallOptions } from '../kube/transport.ts';
import { byText } from '../model/key.ts';
import { proxyLabels } from '../model/proxy-labels.ts';
import type { ControllerJson } from '../serve/http/api-types.ts';
import { readNode, type CheckedNode } from './nodes.ts';
import { once, type Asked } from './once.ts';
import { readCheckedPod, type CheckedPod } from './pods.ts';
import { readWorkload, type Workload } from './workloads.ts';

/** What is asked for, besides what the API server itself is. */
export const lookedAt: Readonly<Record<'deployments' | 'daemonSets' | 'pods' | 'nodes', ResourceType>> = {
  deployments: { group: 'apps', version: 'v1', plural: 'deployments' },
  daemonSets: { group: 'apps', version: 'v1', plural: 'daemonsets' },
  pods: { group: '', version: 'v1', plural: 'pods' },
  nodes: { group: '', version: 'v1', plural: 'nodes' },
};

/** Labels of the controller's Deployment. */
export const controllerSelector = 'app=maesh,component=controller';
/** Labels of the proxies' DaemonSet. */
export const proxySelector: string = selectorText({ app: 'maesh', ...proxyLabels });
/** Where the API is, if the pod doesn't say so. */
const defaultApiPort = 9000;

/** A replica of the controller that answers. */
export interface Controller {
  readonly pod: CheckedPod;
  readonly about: ControllerJson & { readonly cluster: NonNullable<ControllerJson['cluster']> };
}

/** What came of asking a replica. */
export type ControllerAnswer = Controller | { readonly pod: CheckedPod; readonly failure: string };

/** Where to look. */
export interface ClusterOptions {
  readonly client: KubeClient;
  /** The server's address, for people. */
  readonly server: string;
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** Version of this command. */
  readonly version: string;
  /** How long what seems wrong, but may be on its way, is looked at again, in milliseconds; 10 s by default. */
  readonly patienceMs?: number;
}

/** The cluster. Every question rejects with KubeError. */
export class Cluster {
  readonly client: KubeClient;
  readonly server: string;
  readonly namespace: string;
  readonly version: string;
  readonly patienceMs: number;
  readonly serverVersion: Asked<ServerVersion> = once(() => serverVersion(this.client));
  /** The controller's Deployments: one, where all is well. */
  readonly deployments: Asked<readonly Workload[]> = once(() =>
    this.#workloads(lookedAt.deployments, controllerSelector),
  );
  /** The DaemonSets of proxies: one, where all is well. */
  readonly daemonSets: Asked<readonly Workload[]> = once(() =>
    this.#workloads(lookedAt.daemonSets, proxySelector),
  );
  readonly controllerPods: Asked<readonly CheckedPod[]> = once(async () =>
    this.#pods((await this.deployments())[0]),
  );
  readonly proxyPods: Asked<readonly CheckedPod[]> = once(async () =>
    this.#pods((await this.daemonSets())[0]),
  );
  readonly nodes: Asked<readonly CheckedNode[]> = once(() => this.#nodes());
  /** What each replica answers, and each that is ready does not, in the order of their names. */
  readonly answers: Asked<readonly ControllerAnswer[]> = once(() => this.#ask());

  constructor({ client, server, namespace, version, patienceMs = 10_000 }: ClusterOptions) {
    this.client = client;
    this.server = server;
    this.namespace = namespace;
    this.version = version;
    this.patienceMs = patienceMs;
  }

  /** The replicas that answer. */
  async controllers(): Promise<readonly Controller[]> {
    return (await this.answers()).filter((answer) => 'about' in answer);
  }

  /** The replica that leads, else any; undefined where none answers. */
  async leader(): Promise<Controller | undefined> {
    const controllers = await this.controllers();
    return controllers.find(({ about }) => about.cluster.isLeading) ?? controllers[0];
  }

  /** Gets a path of a replica's API, whose shape is as `api-types.ts` says. */
  async get<T>(pod: CheckedPod, path: string, options: CallOptions = {}): Promise<T> {
    const { name, apiPort: port = defaultApiPort } = pod;
    return (await this.client.getFromPod({ namespace: this.namespace, name, port }, path, options)) as T;
  }

  /** One that isn't ready may answer too, and proxies be connected to it; that it doesn't, says nothing new. */
  async #ask(): Promise<readonly ControllerAnswer[]> {
    const pods = (await this.controllerPods()).filter(({ ips }) => ips.length > 0);
    const answers = await Promise.all(pods.map((pod) => this.askController(pod)));
    return answers.filter((answer) => 'about' in answer || answer.pod.isReady);
  }

  /** Asks a replica who it is now. */
  async askController(pod: CheckedPod): Promise<ControllerAnswer> {
    try {
      const about = await this.get<ControllerJson>(pod, '/api/status/controller', { timeoutMs: 5_000 });
      const cluster = isRecord(about) ? about.cluster : undefined;
      if (cluster === null) return { pod, failure: 'what answers there is a standalone mesh' };
      if (cluster === undefined) return { pod, failure: 'what answers there is no controller of Maesh 2' };
      return { pod, about: { ...about, cluster } };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return { pod, failure: error.message };
    }
  }

  async #workloads(type: ResourceType, labelSelector: string): Promise<readonly Workload[]> {
    const found = await this.client.list({ type, namespace: this.namespace, labelSelector });
    return found.map(readWorkload).toSorted((a, b) => byText(a.name, b.name));
  }

  async #pods(workload: Workload | undefined): Promise<readonly CheckedPod[]> {
    if (workload === undefined) return [];
    const labelSelector = selectorText(workload.selector);
    const type = lookedAt.pods;
    const found = await this.client.list({ type, namespace: this.namespace, labelSelector });
    return found.flatMap((object) => readCheckedPod(object) ?? []).toSorted((a, b) => byText(a.name, b.name));
  }

  async #nodes(): Promise<readonly CheckedNode[]> {
    const found = await this.client.list({ type: lookedAt.nodes });
    return found.map(readNode).toSorted((a, b) => byText(a.name, b.name));
  }
}

function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}
