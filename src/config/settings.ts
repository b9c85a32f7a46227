// THE table of settings: every flag, environment variable and file key of every command, with its default and what it
// is for. Names are the original's where the original has the setting. docs/settings.md is made from this table.

import {
  accessControls,
  acl,
  configFile,
  debug,
  defaultMode,
  defaultAdminPort,
  defaultXdsPort,
  limits,
  logFormat,
  logLevel,
  namespace,
  type AccessControlSettings,
  type ConfigFileSetting,
} from './common-settings.ts';
import { commandKubeConfig as kubeConfig, masterURL } from './cluster-settings.ts';
import { controllerSettings, type ControllerSettings } from './controller-settings.ts';
import {
  cleanupSettings,
  prepareSettings,
  type CleanupSettings,
  type PrepareSettings,
} from './dns-settings.ts';
import type {
  BootstrapOptions,
  CallsOptions,
  CheckOptions,
  FromSurroundings,
  StandaloneOptions,
  TranslateOptions,
  VersionOptions,
} from './options.ts';
import type { Setting, SettingTable } from './setting.ts';
import {
  choice,
  count,
  ipAddress,
  list,
  listenHost,
  loopbackRange,
  optional,
  peerHost,
  port,
  text,
} from './value.ts';

/** Settings of `standalone` as the user gives them; `src/config/standalone.ts` makes options of them. */
export interface StandaloneSettings
  extends Omit<StandaloneOptions, 'xdsPort' | 'stateDir'>, AccessControlSettings, ConfigFileSetting {
  readonly xdsPort: number | undefined;
  readonly stateDir: string | undefined;
  readonly debug: boolean;
}

/** Settings of `bootstrap` as the user gives them. */
export interface BootstrapSettings extends Omit<BootstrapOptions, 'nodeId'>, ConfigFileSetting {
  /** Undefined: named after the machine. */
  readonly nodeId: string | undefined;
}

/** What each command's settings are, by command. */
export interface CommandSettings {
  /** `maesh` without a command. */
  readonly controller: ControllerSettings;
  readonly standalone: StandaloneSettings;
  readonly translate: TranslateOptions & ConfigFileSetting;
  readonly check: Omit<CheckOptions, FromSurroundings> & ConfigFileSetting;
  readonly calls: Omit<CallsOptions, FromSurroundings> & ConfigFileSetting;
  readonly bootstrap: BootstrapSettings;
  readonly prepare: PrepareSettings;
  readonly cleanup: CleanupSettings;
  readonly version: VersionOptions;
}

/** Names of the commands; that of `maesh` without one is no word of the command line. */
export type CommandName = keyof CommandSettings;

/** Names of the commands that are words of the command line. */
export type SubcommandName = Exclude<CommandName, 'controller'>;

const dir: Setting<readonly string[]> = {
  doc: 'folders and files with Kubernetes manifests, separated by commas or in several flags',
  group: 'Mesh',
  kind: list('path'),
  default: [],
  required: true,
  short: 'f',
};

const inputDir: Setting<readonly string[]> = {
  ...dir,
  doc: 'folders and files with Kubernetes manifests, separated by commas or in several flags; - is standard input',
};

const addressRange: Setting<string> = {
  doc: 'loopback addresses: the first is for the proxy, and each service gets one on which its own ports are open',
  group: 'Addresses',
  kind: loopbackRange,
  default: '127.77.0.0/16',
};

const httpPort: Setting<number> = {
  doc: 'port on which every HTTP service is reached by its Host',
  group: 'Addresses',
  kind: port,
  default: 8000,
};

function output<T extends string>(formats: readonly [T, ...T[]]): Setting<T> {
  return {
    doc: 'form of what is printed',
    group: 'Output',
    kind: choice(formats),
    default: formats[0],
    short: 'o',
    flagOnly: true,
  };
}

const standalone: SettingTable<StandaloneSettings> = {
  dir,
  defaultMode,
  namespace,
  ...limits,
  ...accessControls,
  stateDir: {
    doc: 'folder for what a restart needs, such as which port stands for which service port',
    group: 'Mesh',
    kind: optional(text('path')),
    default: undefined,
    defaultText: 'one for each set of paths, in $XDG_STATE_HOME/maesh or ~/.local/state/maesh',
  },
  httpPort,
  dnsPort: {
    doc: "port of the mesh's DNS, UDP and TCP",
    group: 'Addresses',
    kind: port,
    default: 5353,
  },
  apiPort: { doc: 'port of the API', group: 'Addresses', kind: port, default: 9000 },
  apiHost: {
    doc: "address of the API; empty for all of the machine's",
    group: 'Addresses',
    kind: listenHost,
    default: '127.0.0.1',
  },
  xdsPort: {
    doc: 'port on which Envoys get their configuration',
    group: 'Addresses',
    kind: optional(port),
    default: undefined,
    defaultText: `any free one, with --envoy external ${defaultXdsPort}`,
  },
  addressRange,
  envoy: {
    doc: 'who starts Envoy: Maesh, or you with what `maesh bootstrap` prints',
    group: 'Envoy',
    kind: choice(['managed', 'external']),
    default: 'managed',
  },
  envoyBin: {
    doc: "Envoy's executable",
    group: 'Envoy',
    kind: optional(text('file')),
    default: undefined,
    defaultText: '$ENVOY_BIN, else envoy on the PATH, else the one that Maesh has set up',
  },
  concurrency: {
    doc: 'worker threads of the Envoy that Maesh starts',
    group: 'Envoy',
    kind: count(1),
    default: 2,
  },
  configFile,
  logLevel: { ...logLevel, default: 'info' },
  logFormat,
  debug,
};

const bootstrap: SettingTable<BootstrapSettings> = {
  namespace: { ...namespace, doc: "the mesh's own namespace, after which Envoy names its cluster" },
  nodeId: {
    doc: 'name of the proxy: each Envoy of a mesh needs one of its own',
    group: 'Envoy',
    kind: optional(text('name')),
    default: undefined,
    defaultText: 'name of the machine',
  },
  zone: {
    doc: 'zone that Envoy is in',
    group: 'Envoy',
    kind: optional(text('zone')),
    default: undefined,
    defaultText: 'none',
  },
  xdsHost: {
    doc: 'host on which Envoy finds Maesh',
    group: 'Envoy',
    kind: peerHost,
    default: '127.0.0.1',
  },
  xdsPort: {
    doc: 'port on which Envoy finds Maesh, as --xdsPort of the mesh',
    group: 'Envoy',
    kind: port,
    default: defaultXdsPort,
  },
  adminHost: {
    doc: "address of Envoy's own admin interface; on any but a loopback address it answers what reads, and the request to drain",
    group: 'Envoy',
    kind: ipAddress,
    default: '127.0.0.1',
  },
  adminPort: {
    doc: "port of Envoy's own admin interface",
    group: 'Envoy',
    kind: port,
    default: defaultAdminPort,
  },
  output: output(['yaml', 'json']),
  configFile,
  logLevel,
};

const check: SettingTable<CommandSettings['check']> = {
  dir: {
    doc: `${inputDir.doc}; without any, the cluster is looked at`,
    group: 'Mesh',
    kind: optional(inputDir.kind),
    default: undefined,
    defaultText: 'none',
    short: 'f',
  },
  kubeConfig,
  masterURL,
  namespace,
  wait: {
    doc: 'how many seconds to wait for a cluster to be well',
    group: 'Cluster',
    kind: count(0),
    default: 0,
    flagOnly: true,
  },
  defaultMode: { ...defaultMode, doc: `of manifests: ${defaultMode.doc}` },
  acl: { ...acl, doc: `of manifests: ${acl.doc}` },
  output: output(['text', 'json']),
  configFile,
  logLevel,
};

/** Every setting of every command. */
export const settings: { readonly [C in CommandName]: SettingTable<CommandSettings[C]> } = {
  controller: controllerSettings,
  standalone,
  translate: {
    dir: inputDir,
    defaultMode,
    acl,
    closeForbidden: accessControls.closeForbidden,
    httpPort,
    addressRange,
    what: {
      doc: 'what is printed: the model of the mesh, or what Envoy is told',
      group: 'Output',
      kind: choice(['resources', 'topology']),
      default: 'resources',
      flagOnly: true,
    },
    output: output(['yaml', 'json']),
    configFile,
    logLevel,
  },
  check,
  calls: {
    kubeConfig,
    masterURL,
    namespace,
    seconds: {
      doc: 'how many seconds to look',
      group: 'Cluster',
      kind: count(1),
      default: 10,
      flagOnly: true,
    },
    configFile,
    logLevel,
  },
  bootstrap,
  prepare: prepareSettings,
  cleanup: cleanupSettings,
  version: { output: output(['text', 'json']) },
};

/**
 * Whether a command looks for a configuration file where none is named. Those of the original that run a mesh, or set it
 * up in a cluster, do as they did there.
 * The others read one only where the user names it: `maesh check -f new/` is about `new/`, whatever file lies about.
 */
export function searchesConfigFile(command: CommandName): boolean {
  return ['controller', 'standalone', 'prepare', 'cleanup'].includes(command);
}
