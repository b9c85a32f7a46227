// The services: whether each has its shadow Service, and whether there is room for more.

import { counted } from '../runtime/counted.ts';
import type { MeshPortsJson } from '../serve/http/api-types.ts';
import type { Cluster } from './cluster.ts';
import { warning, well, wrong, type Finding } from './finding.ts';
import { lookAgain } from './look-again.ts';
import { askShadows, shadowFaults } from './shadows.ts';

/** From which part of the mesh ports on somebody should see to it. */
const nearlyAll = 0.9;

/** `shadow-services`. */
export async function shadowServices(cluster: Cluster): Promise<Finding> {
  let count = 0;
  const faults = await lookAgain(async () => {
    const shadows = await askShadows(cluster);
    count = shadows.services.size;
    return shadowFaults(shadows, cluster.namespace);
  }, cluster.patienceMs);
  if (faults.length === 0) return well(counted(count, 'service'));
  return wrong({
    message: `${faults.length} of them are not as they should be`,
    details: faults,
    advice:
      'The replica that leads puts them right within a second. If it does not, its log says why: look for a permission that it ' +
      'lacks (controller-permissions) or for an admission webhook that is in its way.',
  });
}

/** `mesh-ports`. */
export async function meshPorts(cluster: Cluster): Promise<Finding> {
  const controller = await cluster.leader();
  if (controller === undefined)
    return wrong({ message: 'nobody can be asked', advice: 'See controller-answers.' });
  const ports = await cluster.get<MeshPortsJson>(controller.pod, '/api/status/mesh-ports');
  const kinds = (['http', 'tcp', 'udp'] as const)
    .map((traffic) => {
      const { used, resting, free } = ports[traffic];
      return { traffic, taken: used + resting, free, all: used + resting + free };
    })
    // Who allows for none wants none.
    .filter(({ all }) => all > 0);
  const text = ({ traffic, taken, all }: (typeof kinds)[number]): string => `${taken} of ${all} ${traffic}`;
  const scarce = kinds.filter(({ taken, all }) => taken >= nearlyAll * all);
  if (scarce.length === 0) return well(`${kinds.map(text).join(', ')} in use`);
  const fault = {
    message: `${scarce.map(text).join(', ')} in use`,
    advice:
      'Raise --limitHTTPPort, --limitTCPPort or --limitUDPPort (values limits.httpPorts, tcp and udp of the chart), have fewer ' +
      'services in the mesh (--watchNamespaces, --ignoreNamespaces), or give fewer of them a traffic type of which there are few.',
  };
  return scarce.some(({ free }) => free === 0) ? wrong(fault) : warning(fault);
}
