// Settings of what Maesh does to a cluster's DNS, and of the two commands that do it once: `maesh prepare`, and `maesh
// cleanup`, which takes everything of a mesh out of a cluster.

import {
  accessControls,
  configFile,
  debug,
  logFormat,
  logLevel,
  namespace,
  type ConfigFileSetting,
} from './common-settings.ts';
import { commandKubeConfig as kubeConfig, leaseName, masterURL } from './cluster-settings.ts';
import type { CleanupOptions, FromSurroundings, PrepareOptions } from './options.ts';
import type { Setting, SettingTable } from './setting.ts';
import { domainName, domainNames, toggle } from './value.ts';

/** Settings of `prepare` as the user gives them; `src/config/cluster-access.ts` completes them. */
export interface PrepareSettings extends Omit<PrepareOptions, FromSurroundings>, ConfigFileSetting {
  readonly acl: boolean;
  readonly smi: boolean;
  readonly debug: boolean;
}

/** Settings of `cleanup` as the user gives them. */
export interface CleanupSettings extends Omit<CleanupOptions, FromSurroundings>, ConfigFileSetting {}

export const meshDomains: Setting<readonly string[]> = {
  doc: 'domains of the mesh: a service is called service.namespace and one of them',
  group: 'Mesh',
  kind: domainNames,
  default: ['maesh', 'traefik.mesh'],
};

export const keepDNS: Setting<boolean> = {
  doc: "keep the cluster's DNS as the mesh needs it; without, `maesh prepare` does it once",
  group: 'Cluster',
  kind: toggle,
  default: true,
};

export const restartDNS: Setting<boolean> = {
  doc: "restart CoreDNS once for the mesh's names to be known within seconds; without, it reads them within two minutes",
  group: 'Cluster',
  kind: toggle,
  default: false,
};

export const clusterDomain: Setting<string> = {
  doc: "domain of the cluster's own names, as in service.namespace.svc.cluster.local",
  group: 'Cluster',
  kind: domainName,
  default: 'cluster.local',
};

const noDifference = 'it makes no difference here; give it to the controller alone';

export const prepareSettings: SettingTable<PrepareSettings> = {
  kubeConfig,
  masterURL,
  clusterDomain,
  restartDNS,
  namespace,
  meshDomains,
  acl: { ...accessControls.acl, deprecated: noDifference },
  smi: { ...accessControls.smi, deprecated: noDifference },
  configFile,
  logLevel,
  logFormat,
  debug,
};

export const cleanupSettings: SettingTable<CleanupSettings> = {
  kubeConfig,
  masterURL,
  leaseName,
  namespace,
  meshDomains,
  configFile,
  logLevel,
  logFormat,
};
