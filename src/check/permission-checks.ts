// Who may do what: whoever checks, and the controller's service account.

import { services } from '../apply/shadow-calls.ts';
import { accountUser, isAllowed, othersReviews } from '../kube/access-review.ts';
import { KubeError } from '../kube/kube-error.ts';
import { leases } from '../kube/lease-record.ts';
import { resourceName } from '../kube/resource-type.ts';
import { counted } from '../runtime/counted.ts';
import { askedNamespaces } from '../source/kubernetes/namespaces.ts';
import { lookedAt, type Cluster } from './cluster.ts';
import { controllerNeeds, type Need } from './controller-needs.ts';
import { warning, well, wrong, type Finding } from './finding.ts';
import { servedSmiKinds } from './smi-checks.ts';

/** How many questions are under way at a time. */
const abreast = 8;

/** What whoever checks has to be allowed, so that the checks that follow can be made. */
export function userNeeds(namespace: string): readonly Need[] {
  const { deployments, daemonSets, pods, nodes } = lookedAt;
  return [
    ...[deployments, daemonSets, pods, services].map((type): Need => ({
      ...type,
      verbs: ['list'],
      namespace,
      why: 'to see what is installed',
    })),
    { ...leases, verbs: ['get'], namespace, why: 'to see which replica leads' },
    { ...nodes, verbs: ['list'], why: 'to see where a proxy should be' },
    { ...pods, subresource: 'proxy', verbs: ['get'], namespace, why: 'to ask the controller' },
  ];
}

/** Without it one check is passed over. */
const askingNeed: Need = { ...othersReviews, verbs: ['create'], why: 'to see what the controller may do' };

/** `user-permissions`: a warning where all but one of the checks can be made. */
export async function userPermissions(cluster: Cluster): Promise<Finding> {
  const { namespace } = cluster;
  const needed = await missingOf(cluster, userNeeds(namespace));
  const missing = [...needed, ...(await missingOf(cluster, [askingNeed]))];
  if (missing.length === 0) return well(`in namespace ${namespace} and of the nodes`);
  const fault = {
    message: `you lack ${counted(missing.length, 'permission')}`,
    details: missing,
    advice: 'Grant them by a Role or ClusterRole, or check as somebody who has them.',
  };
  return needed.length > 0 ? wrong(fault) : warning(fault);
}

/** `controller-permissions`. */
export async function controllerPermissions(cluster: Cluster): Promise<Finding> {
  const [deployment] = await cluster.deployments();
  const name = deployment?.serviceAccount ?? '';
  const { namespace } = cluster;
  const about = (await cluster.leader())?.about.cluster;
  if (about === undefined) {
    return warning({
      message:
        'which namespaces are watched no controller says, so it is not known what it has to be allowed',
      advice: 'See controller-ready and controller-answers.',
    });
  }
  const { watchNamespaces: watch, ignoreNamespaces: ignore } = about;
  const needs = controllerNeeds({
    namespace,
    watched: askedNamespaces({ watch, ignore }),
    kinds: await servedSmiKinds(cluster),
  });
  try {
    const missing = await missingOf(cluster, needs, accountUser({ namespace, name }));
    if (missing.length === 0) return well(`service account ${namespace}/${name}`);
    return wrong({
      message: `service account ${namespace}/${name} lacks ${counted(missing.length, 'permission')}`,
      details: missing,
      advice:
        'Grant them by a Role or ClusterRole, as the chart does: helm upgrade puts back what somebody took away.',
    });
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 403) throw error;
    return warning({
      message: 'not looked at, since you may not ask what others may do',
      details: [error.message],
      advice: 'Check as somebody who may.',
    });
  }
}

/** What is not allowed of what is needed, a line for each, in the order of the needs. */
async function missingOf(
  { client }: Cluster,
  needs: readonly Need[],
  user?: ReturnType<typeof accountUser>,
): Promise<readonly string[]> {
  const questions = needs.flatMap(({ verbs, ...need }) => verbs.map((verb) => ({ ...need, verb })));
  const allowed: boolean[] = [];
  for (let at = 0; at < questions.length; at += abreast) {
    const some = questions.slice(at, at + abreast);
    const options = user === undefined ? {} : { user };
    allowed.push(...(await Promise.all(some.map((question) => isAllowed(client, question, options)))));
  }
  return questions
    .filter((_, index) => allowed[index] === false)
    .map(({ verb, subresource, namespace, why, ...type }) => {
      const what = `${resourceName({ ...type, version: '' })}${subresource === undefined ? '' : `/${subresource}`}`;
      return `${verb} ${what} in ${namespace === undefined ? 'all namespaces' : `namespace ${namespace}`}, ${why}`;
    });
}
