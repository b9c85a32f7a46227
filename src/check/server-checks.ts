// The API server: whether it answers, and whether Maesh works with it.

import { trafficDistributionOf } from '../apply/traffic-distribution.ts';
import type { Cluster } from './cluster.ts';
import { warning, well, wrong, type Finding } from './finding.ts';

/** Server-side apply, events.k8s.io/v1 and discovery.k8s.io/v1, all of which Maesh needs, are all there from this one on. */
const oldestMinor = 22;

/** `server-reachable`. What is wrong where it can't be reached, the failure says. */
export async function reachable(cluster: Cluster): Promise<Finding> {
  await cluster.serverVersion();
  return well(cluster.server);
}

/** `server-version`. */
export async function supported(cluster: Cluster): Promise<Finding> {
  const version = await cluster.serverVersion();
  const { major, minor, text } = version;
  if (major < 1 || (major === 1 && minor < oldestMinor)) {
    return wrong({ message: text, advice: `Upgrade Kubernetes to 1.${oldestMinor} or later.` });
  }
  const distribution = trafficDistributionOf(version);
  if (distribution === 'PreferSameNode') return well(text);
  const where = distribution === undefined ? 'any node' : 'any node of the same zone';
  return warning({
    message: `${text}, in which callers may be sent to the proxy of ${where}, not only to that of their own`,
    advice:
      'Nothing is wrong by that, but calls take longer ways. Kubernetes 1.34 prefers the proxy of the same node.',
  });
}
