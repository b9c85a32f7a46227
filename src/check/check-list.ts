// Every check with its work.

import type { CheckName } from './check-table.ts';
import { installedController, leader, readyController, answers, versions } from './controller-checks.ts';
import { configuredDns } from './dns-configured.ts';
import { clusterNames, meshNames } from './dns-checks.ts';
import { controllerPermissions, userPermissions } from './permission-checks.ts';
import { problems } from './problem-check.ts';
import { connectedProxies, currentProxies, installedProxies, readyProxies } from './proxy-checks.ts';
import type { Check } from './run-checks.ts';
import { reachable, supported } from './server-checks.ts';
import { meshPorts, shadowServices } from './service-checks.ts';
import { servedKinds, statusOfKinds } from './smi-checks.ts';

/** The checks, by name. What one needs comes before it in the table of names. */
export const checks: Readonly<Record<CheckName, Check>> = {
  'server-reachable': { needs: [], look: reachable },
  'server-version': { needs: ['server-reachable'], look: supported },
  'user-permissions': { needs: ['server-reachable'], look: userPermissions },
  'controller-installed': { needs: ['server-reachable'], look: installedController },
  'controller-ready': { needs: ['controller-installed'], look: readyController },
  'controller-answers': { needs: ['controller-installed'], look: answers },
  'controller-leader': { needs: ['controller-answers'], look: leader },
  'controller-versions': { needs: ['controller-answers'], look: versions },
  'smi-served': { needs: ['server-reachable'], look: servedKinds },
  'smi-status': { needs: ['server-reachable'], look: statusOfKinds },
  'controller-permissions': { needs: ['controller-installed'], look: controllerPermissions },
  'proxies-installed': { needs: ['server-reachable'], look: installedProxies },
  'proxies-ready': { needs: ['proxies-installed'], look: readyProxies },
  'proxies-connected': { needs: ['proxies-installed', 'controller-answers'], look: connectedProxies },
  'proxies-current': { needs: ['controller-answers'], look: currentProxies },
  'shadow-services': { needs: ['controller-leader'], look: shadowServices },
  'mesh-ports': { needs: ['controller-answers'], look: meshPorts },
  problems: { needs: ['controller-answers'], look: problems },
  'dns-configured': { needs: ['controller-answers'], look: configuredDns },
  'dns-cluster': { needs: ['controller-answers'], look: clusterNames },
  'dns-mesh': { needs: ['controller-answers', 'dns-cluster'], look: meshNames },
};
