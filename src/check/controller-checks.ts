// The controller: its Deployment, its replicas, and which of them leads.

import { leaseStore } from '../kube/lease-record.ts';
import { counted } from '../runtime/counted.ts';
import type { Cluster, Controller } from './cluster.ts';
import { warning, well, wrong, type Finding } from './finding.ts';
import { lookAgain } from './look-again.ts';

/** `controller-installed`. */
export async function installedController(cluster: Cluster): Promise<Finding> {
  const deployments = await cluster.deployments();
  const [deployment] = deployments;
  if (deployment === undefined) {
    return wrong({
      message: `namespace ${cluster.namespace} has no Deployment with the labels app=maesh and component=controller`,
      advice: 'Name the namespace that the mesh is in by --namespace, or install it: helm install maesh.',
    });
  }
  if (deployments.length === 1) return well(`Deployment ${deployment.name}`);
  return warning({
    message: `namespace ${cluster.namespace} has ${deployments.length} Deployments of controllers`,
    details: deployments.map(({ name }) => `Deployment ${name}`),
    advice: `Uninstall all but one of these releases: only ${deployment.name} is looked at here.`,
  });
}

/** `controller-ready`. */
export async function readyController(cluster: Cluster): Promise<Finding> {
  const [deployment] = await cluster.deployments();
  const { desired = 0, isObserved = false, name = '' } = deployment ?? {};
  const pods = await cluster.controllerPods();
  const ready = pods.filter(({ isReady }) => isReady);
  if (desired === 0) {
    return wrong({
      message: `Deployment ${name} is scaled to 0`,
      advice: `Proxies serve what they know, and nothing that changes: kubectl -n ${cluster.namespace} scale deployment ${name} --replicas=2.`,
    });
  }
  const message = `${ready.length} of ${counted(desired, 'replica')}`;
  if (ready.length >= desired) return well(message);
  const details = pods.filter(({ isReady }) => !isReady).map((pod) => `pod ${pod.name}: ${pod.trouble}`);
  if (!isObserved) details.push('no controller of Kubernetes has taken up the Deployment as it is now');
  return wrong({
    message,
    details,
    advice: `See what is said of the pods, and why: kubectl -n ${cluster.namespace} describe deployment ${name}, and their logs.`,
  });
}

/** `controller-answers`. */
export async function answers(cluster: Cluster): Promise<Finding> {
  const asked = await cluster.answers();
  if (asked.length === 0) {
    return wrong({ message: 'none is there that could', advice: 'See controller-ready.' });
  }
  const failures = asked.filter((answer) => 'failure' in answer);
  if (failures.length === 0) return well(counted(asked.length, 'answer'));
  return wrong({
    message: `${failures.length} of ${counted(asked.length, 'replica')} can't be asked through the API server`,
    details: failures.map(({ pod, failure }) => `pod ${pod.name}: ${failure}`),
    advice:
      'The API server has to reach pods (firewalls and NetworkPolicies between it and the pod network may be in the way), ' +
      'and a 404 comes from a controller of an earlier version, which has to be updated.',
  });
}

/** `controller-leader`. */
export async function leader(cluster: Cluster): Promise<Finding> {
  let who = '';
  const faults = await lookAgain(async () => {
    const { fault, leading } = await findLeader(cluster);
    who = leading;
    return fault === undefined ? [] : [fault];
  }, cluster.patienceMs);
  const [fault] = faults;
  if (fault === undefined) return well(`pod ${who}`);
  return wrong({
    message: fault,
    advice:
      'Until one leads nothing is written to the cluster: services that are new get no name. Look at the logs of the replicas, ' +
      'and at controller-permissions.',
  });
}

async function findLeader(
  cluster: Cluster,
): Promise<{ readonly fault: string | undefined; readonly leading: string }> {
  const before = await cluster.controllers();
  const now = await Promise.all(before.map(({ pod }) => cluster.askController(pod)));
  const leading = now.filter(
    (answer): answer is Controller => 'about' in answer && answer.about.cluster.isLeading,
  );
  const name = leading[0]?.pod.name ?? '';
  const lease = before[0]?.about.cluster.lease ?? '';
  const holder = await holderOf(cluster, lease);
  const fault = (): string | undefined => {
    if (holder === undefined)
      return `there is no Lease ${lease}, by which replicas agree on the one that leads`;
    if (holder === '') return `nobody holds the Lease ${lease}`;
    if (leading.length === 0)
      return `the Lease ${lease} is held by ${holder}, which is no replica that answers`;
    if (leading.length > 1) return `${leading.map(({ pod }) => pod.name).join(' and ')} both lead`;
    const isHolder = leading[0]?.about.cluster.identity === holder;
    return isHolder ? undefined : `${name} leads, but the Lease ${lease} is held by ${holder}`;
  };
  return { fault: fault(), leading: name };
}

/** Who holds the Lease; undefined where there is none. */
async function holderOf({ client, namespace }: Cluster, name: string): Promise<string | undefined> {
  const store = leaseStore(client, { namespace, name });
  // The client has its own limit.
  return (await store.read(new AbortController().signal))?.record.holder;
}

/** `controller-versions`. */
export async function versions(cluster: Cluster): Promise<Finding> {
  const controllers = await cluster.controllers();
  const versionsThere = new Set(controllers.map(({ about }) => about.version));
  if (versionsThere.size === 1 && versionsThere.has(cluster.version)) return well(cluster.version);
  const details = controllers.map(({ pod, about }) => `pod ${pod.name}: ${about.version}`);
  if (versionsThere.size > 1) {
    return warning({
      message: `replicas are of ${versionsThere.size} versions`,
      details,
      advice: 'If no update is under way, one has got stuck: see controller-ready.',
    });
  }
  return warning({
    message: `this command is of version ${cluster.version}`,
    details,
    advice: 'Use the command of the version that is installed: what is checked may differ.',
  });
}
