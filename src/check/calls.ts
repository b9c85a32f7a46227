// Whether services are called by mesh names: what all proxies have counted, looked at twice.

import { setTimeout as delay } from 'node:timers/promises';

import { KubeError } from '../kube/kube-error.ts';
import { byText, type PortKey } from '../model/key.ts';
import type { Cluster } from './cluster.ts';
import type { CheckedPod } from './pods.ts';
import { proxyStatsPath, readProxyStats, type PortStats, type ProxyStats } from './proxy-stats.ts';

/** Calls of a service port between the looks, and those that were open at the second. */
export interface PortCalls extends PortStats {
  readonly port: PortKey;
}

/** What was seen. */
export interface Calls {
  /** Names of the pods of proxies that were asked. */
  readonly proxies: readonly string[];
  /** Ports that were called, or have a call that is open, sorted. */
  readonly ports: readonly PortCalls[];
  /** Calls that came to proxies, whatever came of them. */
  readonly arrived: number;
  /** Connections of callers that are open. */
  readonly connections: number;
  /** What is not known: a line for each proxy that did not answer. */
  readonly unknown: readonly string[];
}

/** Where the admin interface is, if the pod doesn't say so. */
const defaultAdminPort = 9901;
/** How many proxies are asked at a time: the API server stands between. */
const abreast = 16;

/** Looks, waits so long, and looks again. Rejects with KubeError where it isn't known which proxies there are. */
export async function lookAtCalls(cluster: Cluster, betweenMs: number): Promise<Calls> {
  const pods = (await cluster.proxyPods()).filter(({ ips }) => ips.length > 0);
  const begun = performance.now();
  const first = await askAll(cluster, pods);
  await delay(Math.max(0, begun + betweenMs - performance.now()));
  const second = await askAll(cluster, pods);
  const seen = pods.map((pod) => ({ pod, stats: between(first.get(pod.name), second.get(pod.name)) }));
  const all = seen.flatMap(({ stats }) => (typeof stats === 'string' ? [] : [stats]));
  return {
    proxies: pods.map(({ name }) => name),
    ports: sumOfPorts(all),
    arrived: all.reduce((sum, { arrived }) => sum + arrived, 0),
    connections: all.reduce((sum, { connections }) => sum + connections, 0),
    unknown: seen.flatMap(({ pod: { name, node, isReady }, stats }) =>
      // One that is about to start or has just ended serves nobody.
      typeof stats === 'string' && isReady ? [`pod ${name} on node ${node ?? ''}: ${stats}`] : [],
    ),
  };
}

/** What each proxy says, or why it says nothing, by the names of their pods. */
async function askAll(
  cluster: Cluster,
  pods: readonly CheckedPod[],
): Promise<ReadonlyMap<string, ProxyStats | string>> {
  const answers = new Map<string, ProxyStats | string>();
  const rest = pods.values();
  await Promise.all(
    Array.from({ length: abreast }, async () => {
      for (const pod of rest) answers.set(pod.name, await ask(cluster, pod));
    }),
  );
  return answers;
}

async function ask({ client, namespace }: Cluster, pod: CheckedPod): Promise<ProxyStats | string> {
  const { name, adminPort: port = defaultAdminPort } = pod;
  try {
    const target = { namespace, name, port };
    const answer = await client.getFromPod(target, proxyStatsPath, { timeoutMs: 10_000 });
    return readProxyStats(answer) ?? 'what answers there is no Envoy';
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return error.message;
  }
}

/** What came between two looks, or why that is not known. */
function between(
  first: ProxyStats | string = 'not asked',
  second: ProxyStats | string = 'not asked',
): ProxyStats | string {
  if (typeof second === 'string') return second;
  if (typeof first === 'string') return first;
  const ports = new Map<PortKey, PortStats>();
  for (const [port, { calls, open, bytes }] of second.ports) {
    const before = first.ports.get(port) ?? { calls: 0, bytes: 0 };
    ports.set(port, { calls: increase(before.calls, calls), open, bytes: increase(before.bytes, bytes) });
  }
  const arrived = increase(first.arrived, second.arrived);
  return { ports, arrived, connections: second.connections };
}

/** A proxy that has started anew, and a service that was made anew, are counted anew. */
function increase(before: number, now: number): number {
  return now < before ? now : now - before;
}

function sumOfPorts(all: readonly ProxyStats[]): readonly PortCalls[] {
  const sums = new Map<PortKey, PortStats>();
  for (const [port, { calls, open, bytes }] of all.flatMap(({ ports }) => [...ports])) {
    const sum = sums.get(port) ?? { calls: 0, open: 0, bytes: 0 };
    sums.set(port, { calls: sum.calls + calls, open: sum.open + open, bytes: sum.bytes + bytes });
  }
  return [...sums]
    .filter(([, { calls, open, bytes }]) => calls + open + bytes > 0)
    .map(([port, sum]) => ({ port, ...sum }))
    .toSorted((a, b) => byText(a.port, b.port));
}
