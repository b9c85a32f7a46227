// Whether the cluster's DNS is configured as the mesh needs it, as the controller sees it.

import type { ControllerJson } from '../serve/http/api-types.ts';
import type { Cluster } from './cluster.ts';
import { warning, well, wrong, type Finding } from './finding.ts';
import { lookAgain } from './look-again.ts';

type DnsStatus = NonNullable<ControllerJson['cluster']>['dns'];

/** `dns-configured`. */
export async function configuredDns(cluster: Cluster): Promise<Finding> {
  let finding = well('');
  await lookAgain(async () => {
    const controller = await cluster.leader();
    const now = controller && (await cluster.askController(controller.pod));
    if (now === undefined || 'failure' in now) {
      finding = wrong({ message: now?.failure ?? 'nobody can be asked', advice: 'See controller-answers.' });
    } else {
      finding = judge(now.about.cluster.dns);
    }
    return finding.status === 'error' ? [finding] : [];
  }, cluster.patienceMs);
  return finding;
}

function judge(status: DnsStatus): Finding {
  switch (status.state) {
    case 'off':
      return well('the controller leaves that to maesh prepare (--keepDNS=false)');
    case 'looking':
      return wrong({
        message: 'the controller does not know yet what DNS the cluster has',
        details: status.trouble === undefined ? [] : [status.trouble],
        advice: 'See to what is said there; if nothing is, look at the log of the controller.',
      });
    case 'unknown':
      return warning({
        message: status.trouble,
        details: status.byHand.split('\n'),
        advice: 'Add these lines by hand. Whether names are resolved, dns-mesh says.',
      });
    default:
      return judgePlaces(status.places);
  }
}

function judgePlaces(places: (DnsStatus & { readonly state: 'known' })['places']): Finding {
  const isWrong = places.filter(({ isRight }) => !isRight);
  if (isWrong.length === 0) {
    return well(places.map(({ title, object }) => `${title}, ${object}`).join('; '));
  }
  return wrong({
    message: `in ${isWrong.length} of ${places.length} places the mesh is not as it should be`,
    details: isWrong.flatMap(({ title, object, trouble = 'it is about to be put right', advice = '' }) => [
      `${title}, ${object}: ${trouble}`,
      ...advice.split('\n').filter((line) => line !== ''),
    ]),
    advice:
      'Do what is said of each place. The replica that leads then puts it right by itself; its log says more.',
  });
}
