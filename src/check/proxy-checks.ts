// The proxies: one ready on each node, each connected, each up to date.

import type { ProxiesJson, ProxyJson } from '../serve/http/api-types.ts';
import { counted } from '../runtime/counted.ts';
import type { Cluster, Controller } from './cluster.ts';
import { warning, well, wrong, type Finding } from './finding.ts';
import { lookAgain } from './look-again.ts';
import { shouldBeOn } from './nodes.ts';
import type { CheckedPod } from './pods.ts';

/** `proxies-installed`. */
export async function installedProxies(cluster: Cluster): Promise<Finding> {
  const daemonSets = await cluster.daemonSets();
  const [daemonSet] = daemonSets;
  if (daemonSet === undefined) {
    return wrong({
      message: `namespace ${cluster.namespace} has no DaemonSet with the labels app=maesh and component=maesh-mesh`,
      advice:
        'Install the mesh by its chart, or upgrade the release: helm upgrade puts back what somebody deleted.',
    });
  }
  if (daemonSets.length === 1) return well(`DaemonSet ${daemonSet.name}`);
  return warning({
    message: `namespace ${cluster.namespace} has ${daemonSets.length} DaemonSets of proxies`,
    details: daemonSets.map(({ name }) => `DaemonSet ${name}`),
    advice: `Callers are sent to the pods of all. Uninstall all but one: only ${daemonSet.name} is looked at here.`,
  });
}

/** `proxies-ready`. */
export async function readyProxies(cluster: Cluster): Promise<Finding> {
  const [daemonSet] = await cluster.daemonSets();
  if (daemonSet === undefined) return wrong({ message: 'it is gone', advice: 'See proxies-installed.' });
  const pods = await cluster.proxyPods();
  const ready = new Set(pods.filter(({ isReady }) => isReady).map(({ node }) => node));
  const occupied = new Set(pods.map(({ node }) => node));
  const nodes = await cluster.nodes();
  // Which nodes it is for by its affinity only its controller knows, which has put a pod on each of them.
  const wanted = nodes.filter(
    (node) => shouldBeOn(node, daemonSet) && (!daemonSet.hasNodeAffinity || occupied.has(node.name)),
  );
  const missing = wanted.filter(({ name }) => !ready.has(name));
  if (wanted.length === 0) {
    return wrong({
      message: `there is no node that DaemonSet ${daemonSet.name} is for and that is ready`,
      advice: "Look at the nodes, and at the DaemonSet's nodeSelector and tolerations.",
    });
  }
  if (missing.length === 0) {
    const others = nodes.filter(({ name, isSchedulable }) => isSchedulable && !ready.has(name)).length;
    const note =
      others === 0 ? '' : `; ${others} more that it is not for: callers there are sent to other nodes`;
    return well(`on ${counted(wanted.length, 'node')}${note}`);
  }
  return wrong({
    message: `on ${missing.length} of ${counted(wanted.length, 'node')} there is none`,
    details: missing.map(({ name }) => {
      const pod = pods.find(({ node }) => node === name);
      if (pod === undefined) return `node ${name} has no pod of DaemonSet ${daemonSet.name}`;
      return `node ${name}: pod ${pod.name} is not ready: ${pod.trouble}`;
    }),
    advice:
      'Callers there are sent to proxies of other nodes meanwhile. See what is said of the pods, and why: ' +
      `kubectl -n ${cluster.namespace} describe pods -l component=maesh-mesh.`,
  });
}

/** `proxies-connected`. */
export async function connectedProxies(cluster: Cluster): Promise<Finding> {
  const pods = (await cluster.proxyPods()).filter(({ isReady }) => isReady);
  const missing = await lookAgain(async () => {
    const proxies = (await askAll(cluster)).flatMap((told) => told.proxies);
    const known = new Set(proxies.flatMap(({ name, address }) => [name, address]));
    return pods.filter(({ name, ips }) => !known.has(name) && !ips.some((ip) => known.has(ip)));
  }, cluster.patienceMs);
  if (missing.length === 0) return well(`${pods.length} of ${counted(pods.length, 'proxy', 'proxies')}`);
  return wrong({
    message: `${missing.length} of ${counted(pods.length, 'ready proxy', 'ready proxies')} are not`,
    details: missing.map((pod) => `pod ${pod.name} on node ${pod.node ?? ''}`),
    advice:
      "They go on with what they were told last. Look at their logs, and whether their nodes reach the controller's port 15010 " +
      '(NetworkPolicies may be in the way).',
  });
}

/** A proxy that lacks something. */
interface Behind {
  readonly pod: CheckedPod;
  readonly proxy: ProxyJson;
  readonly sequence: number;
}

/** `proxies-current`: of what was published when this is asked. What is published later proxies may be still at. */
export async function currentProxies(cluster: Cluster): Promise<Finding> {
  const first = await askAll(cluster);
  const asked = new Map(first.map(({ controller, sequence }) => [controller.pod.name, sequence]));
  let count = 0;
  const behind = await lookAgain(async () => {
    const all = await askAll(cluster);
    count = all.reduce((sum, { proxies }) => sum + proxies.length, 0);
    return all.flatMap(({ controller: { pod }, proxies }): Behind[] => {
      const sequence = asked.get(pod.name) ?? 0;
      return proxies
        .filter(({ acknowledged }) => acknowledged === 0 || acknowledged < sequence)
        .map((proxy) => ({ pod, proxy, sequence }));
    });
  }, cluster.patienceMs);
  if (behind.length === 0) return well(counted(count, 'proxy', 'proxies'));
  return wrong({
    message: `${behind.length} of ${counted(count, 'proxy', 'proxies')} lack something`,
    details: behind.map(({ pod, proxy, sequence }) => {
      const { name, address, acknowledged } = proxy;
      const has = acknowledged === 0 ? 'nothing yet' : `state ${acknowledged} of ${sequence}`;
      return `proxy ${name} (${address}), connected to pod ${pod.name}, has acknowledged ${has}`;
    }),
    advice:
      'One that stays behind takes in slowly, or not at all, what it is told: look at its log and its CPU, and at the log of ' +
      'the controller, which says what it waits for. Deleting its pod has it begin anew.',
  });
}

interface Told extends ProxiesJson {
  readonly controller: Controller;
}

async function askAll(cluster: Cluster): Promise<readonly Told[]> {
  const controllers = await cluster.controllers();
  return await Promise.all(
    controllers.map(async (controller) => ({
      controller,
      ...(await cluster.get<ProxiesJson>(controller.pod, '/api/status/proxies')),
    })),
  );
}
