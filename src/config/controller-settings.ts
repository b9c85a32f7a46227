// Settings of `maesh` without a command, the controller of a mesh in Kubernetes, by the names that the original has.

import {
  accessControls,
  configFile,
  debug,
  defaultMode,
  defaultXdsPort,
  limits,
  logFormat,
  logLevel,
  namespace,
  type AccessControlSettings,
  type ConfigFileSetting,
} from './common-settings.ts';
import { kubeConfig, leaseName, masterURL } from './cluster-settings.ts';
import { clusterDomain, keepDNS, meshDomains, restartDNS } from './dns-settings.ts';
import type { ControllerOptions, FromSurroundings } from './options.ts';
import type { SettingTable } from './setting.ts';
import { listenHost, namespaceNames, port } from './value.ts';

/** Settings of the controller as the user gives them; `src/config/controller.ts` makes options of them. */
export interface ControllerSettings
  extends Omit<ControllerOptions, FromSurroundings | 'hostname'>, AccessControlSettings, ConfigFileSetting {
  readonly debug: boolean;
}

/** Their table. */
export const controllerSettings: SettingTable<ControllerSettings> = {
  kubeConfig,
  masterURL,
  leaseName,
  clusterDomain,
  keepDNS,
  restartDNS,
  namespace,
  meshDomains,
  watchNamespaces: {
    doc: 'namespaces whose services are in the mesh, separated by commas or in several flags',
    group: 'Mesh',
    kind: namespaceNames,
    default: [],
    defaultText: 'all',
  },
  ignoreNamespaces: {
    doc: 'namespaces whose services are not in the mesh, whatever --watchNamespaces says; kube-system never is',
    group: 'Mesh',
    kind: namespaceNames,
    default: [],
    defaultText: 'none',
  },
  defaultMode,
  ...limits,
  ...accessControls,
  apiPort: { doc: 'port of the API', group: 'Addresses', kind: port, default: 9000 },
  apiHost: {
    doc: "address of the API; empty for all of the machine's",
    group: 'Addresses',
    kind: listenHost,
    default: '',
    defaultText: 'all',
  },
  xdsPort: {
    doc: "port on all of the machine's addresses from which proxies get their configuration",
    group: 'Addresses',
    kind: port,
    default: defaultXdsPort,
  },
  configFile,
  logLevel,
  logFormat,
  debug,
};
