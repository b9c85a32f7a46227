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
import type { ControllerOptions } from './options.ts';
import type { SettingTable } from './setting.ts';
import { listenHost, namespaceNames, objectName, port, text, unlessEmpty } from './value.ts';

/** Settings of the controller as the user gives them; `src/config/controller.ts` makes options of them. */
export interface ControllerSettings
  extends Omit<ControllerOptions, 'env' | 'hostname'>, AccessControlSettings, ConfigFileSetting {
  readonly debug: boolean;
}

/** Their table. */
export const controllerSettings: SettingTable<ControllerSettings> = {
  kubeConfig: {
    doc: "kubeconfig by which the API server is reached; within a cluster it is the pod's own account that counts",
    group: 'Cluster',
    kind: unlessEmpty(text('file')),
    default: undefined,
    defaultText: '$KUBECONFIG',
  },
  masterURL: {
    doc: "address of the API server, in place of the kubeconfig's",
    group: 'Cluster',
    kind: unlessEmpty(text('url')),
    default: undefined,
    defaultText: "the kubeconfig's",
  },
  leaseName: {
    doc: "Lease in the mesh's namespace by which several controllers agree on the one that writes to the cluster",
    group: 'Cluster',
    kind: objectName,
    default: 'maesh-controller',
  },
  namespace,
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
