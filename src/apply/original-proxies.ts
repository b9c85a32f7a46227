// The end of the original's proxies. They end as soon as they are told to, when not every node has heard yet that nobody is to be
// sent to them any more. So the leader takes each out of the mesh before: when a proxy of ours is ready on its node, it loses the
// label by which callers are sent to it, and is deleted when every node must have heard of that.

import type { KubeClient, Selection } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import { isDone, outdated } from '../kube/unless.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';

/** What is done to the pods of proxies. */
export const proxyPods: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'pods',
  verbs: ['list', 'watch', 'patch', 'delete'],
};

/** A pod that callers may be sent to. */
export interface PodOfProxy {
  readonly name: string;
  /** Undefined before it is on one. */
  readonly node: string | undefined;
  readonly isReady: boolean;
  /** Whether its proxy is one of the original's. */
  readonly isOriginals: boolean;
}

/** Times in milliseconds. */
export interface RelievedTiming {
  /** How often pods are looked at. */
  readonly lookMs: number;
  /** How long a node may take to hear that nobody is to be sent to a pod. */
  readonly hearingMs: number;
  /** How long the cluster takes to write that down, for each service. */
  readonly writingMs: number;
}

/** kube-controller-manager writes 20 EndpointSlices a second. */
const usualTiming: RelievedTiming = { lookMs: 1_000, hearingMs: 20_000, writingMs: 50 };

/** What the label `component` becomes, by which shadow Services and daemon sets have a pod. */
const relieved = 'relieved-proxy';

/** The pods of a namespace that are out of the mesh. */
export function relievedPods(namespace: string): Selection {
  return { type: proxyPods, namespace, labelSelector: `component=${relieved}` };
}

/** Where the pods are, and what is known of the mesh. */
export interface OriginalProxiesOptions {
  readonly client: KubeClient;
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** Pods that callers may be sent to, as they are known. */
  readonly pods: () => readonly PodOfProxy[];
  /** How many services the mesh has. */
  readonly services: () => number;
  readonly log: Log;
  readonly clock: Clock;
  readonly timing?: RelievedTiming;
}

/** Ends the original's proxies, one node after the other as ours take their place. Without any, it asks the server once. */
export class OriginalProxies {
  readonly #options: OriginalProxiesOptions;
  readonly #timing: RelievedTiming;
  /** Pods that are out of the mesh, by their uid, and since when that is known; undefined before the server was asked. */
  #relieved: ReadonlyMap<string, number> | undefined;
  #complaint = '';

  constructor(options: OriginalProxiesOptions) {
    this.#options = options;
    this.#timing = options.timing ?? usualTiming;
  }

  /** Looks again and again until the signal aborts. What was begun by another leader is gone on with. */
  async lead(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    this.#relieved = undefined;
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        await this.#look(signal);
        this.#complaint = '';
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof KubeError)) throw error;
        if (error.message !== this.#complaint)
          log.warn('Cannot take a proxy of the original out of the mesh', { error: error.message });
        this.#complaint = error.message;
      }
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(this.#timing.lookMs, { clock, signal });
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const replaced = replacedPods(this.#options.pods());
    // oxlint-disable-next-line no-await-in-loop -- there are as many as a daemon set replaces at once
    for (const pod of replaced) await this.#relieve(pod, signal);
    if (replaced.length > 0 || this.#relieved?.size !== 0) await this.#endRelieved(signal);
  }

  async #relieve({ name, node }: PodOfProxy, signal: AbortSignal): Promise<void> {
    const { client, namespace, log } = this.#options;
    const metadata = { labels: { component: relieved } };
    // Somebody else may have deleted a pod meanwhile, or made another of its name.
    await isDone(client.patch({ type: proxyPods, namespace, name }, { metadata }, { signal }), outdated);
    log.info('Took a proxy of the original out of the mesh: one of ours is ready on its node', {
      pod: name,
      node,
    });
  }

  async #endRelieved(signal: AbortSignal): Promise<void> {
    const { client, namespace, clock, log, services } = this.#options;
    const { hearingMs, writingMs } = this.#timing;
    const found = await client.list(relievedPods(namespace), { signal });
    const now = clock.now();
    const since = new Map(
      found.map(({ metadata: { uid = '' } }) => [uid, this.#relieved?.get(uid) ?? now] as const),
    );
    this.#relieved = since;
    const heardBy = now - hearingMs - writingMs * services();
    for (const { metadata } of found) {
      const { name, uid = '', deletionTimestamp } = metadata;
      if ((since.get(uid) ?? now) > heardBy || deletionTimestamp !== undefined) continue;
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they were relieved
      await isDone(client.delete({ type: proxyPods, namespace, name }, { uid, signal }), outdated);
      log.info('Deleted a proxy of the original', { pod: name });
    }
  }
}

/** Those of the original on whose nodes a proxy of ours is ready. */
function replacedPods(pods: readonly PodOfProxy[]): readonly PodOfProxy[] {
  const originals = pods.filter(({ isOriginals }) => isOriginals);
  if (originals.length === 0) return [];
  const ready = pods.filter(({ isReady, isOriginals }) => isReady && !isOriginals);
  const nodes = new Set(ready.map(({ node }) => node));
  return originals.filter(({ node }) => node !== undefined && nodes.has(node));
}
