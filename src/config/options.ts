// What each command is told, typed and complete: defaults filled in, every value checked. Whoever does the work of a
// command takes one of these and reads no flag, variable or file itself.

import type { LogFormat, LogLevel } from '../runtime/pino-log.ts';
import type { Environment } from './environment.ts';

/** How a service is handled that says nothing itself. */
export type DefaultMode = 'http' | 'tcp' | 'udp';

/** Who starts Envoy: Maesh, or somebody else with what `maesh bootstrap` prints. */
export type EnvoyMode = 'managed' | 'external';

/** What every command that can fail in a surprising way has: how much it says about that. */
export interface LogOptions {
  readonly logLevel: LogLevel;
}

/** How a cluster is reached. */
export interface ClusterOptions {
  /** Path of a kubeconfig, or several separated by colons, as the user wrote them; undefined where none is named. */
  readonly kubeConfig: string | undefined;
  /** Address of the API server, in place of the kubeconfig's; undefined where none is given. */
  readonly masterURL: string | undefined;
  /**
   * Variables of the process: in a pod they say where the cluster's API server is, and programs that a kubeconfig names for
   * credentials are run with them.
   */
  readonly env: Environment;
  /** Whether in a pod its own account and API server count more than the two above, as they do by default. */
  readonly isPodFirst?: boolean;
}

/** What of {@link ClusterOptions} no setting says. */
export type FromSurroundings = 'env' | 'isPodFirst';

/** Under which names services are called, which the cluster's DNS has to know. */
export interface NameOptions {
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** Domains of the mesh, at least one, each once: `maesh`, `traefik.mesh`. */
  readonly meshDomains: readonly string[];
  /** Domain of the cluster's own names: `cluster.local`. */
  readonly clusterDomain: string;
}

/** What `maesh prepare` does its work with. */
export interface PrepareOptions extends ClusterOptions, NameOptions, LogOptions {
  /** Whether CoreDNS is restarted once where it would read the mesh's names by itself, in a minute or two. */
  readonly restartDNS: boolean;
  readonly logFormat: LogFormat;
}

/** What `maesh cleanup` does its work with. */
export interface CleanupOptions extends ClusterOptions, Omit<NameOptions, 'clusterDomain'>, LogOptions {
  /** Name of the Lease by which the controllers agreed on the one that writes. */
  readonly leaseName: string;
  readonly logFormat: LogFormat;
}

/** What is made of objects that say nothing of it. */
export interface MeshOptions {
  readonly defaultMode: DefaultMode;
  /** Whether only those may call whom a TrafficTarget lets in. */
  readonly acl: boolean;
}

/** How many service ports of each traffic type get a mesh port; undefined: as many as there are mesh ports. */
export interface PortLimits {
  readonly limitHTTPPort: number | undefined;
  readonly limitTCPPort: number | undefined;
  readonly limitUDPPort: number | undefined;
}

/** What every mesh runs with, wherever it does. */
export interface ServingOptions extends MeshOptions, PortLimits, LogOptions {
  /** Whether an open TCP connection is closed when its caller may no longer open it. */
  readonly closeForbidden: boolean;
  /** Port of the API; 0 for any free one, as for every port. */
  readonly apiPort: number;
  /** Address that the API listens on; empty for all of the machine's. */
  readonly apiHost: string;
  readonly logFormat: LogFormat;
}

/** What the controller of a mesh in Kubernetes runs with: `maesh` without a command. */
export interface ControllerOptions extends ClusterOptions, NameOptions, ServingOptions {
  /** Whether the cluster's DNS is kept as the mesh needs it. */
  readonly keepDNS: boolean;
  /** As of `maesh prepare`. */
  readonly restartDNS: boolean;
  /** Name of the machine or pod. Several replicas, in tests also on one machine, may have the same. */
  readonly hostname: string;
  /** The only namespaces whose services are in the mesh, sorted, each once; empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  /** Namespaces whose services are never in the mesh, whatever is watched; sorted, each once. */
  readonly ignoreNamespaces: readonly string[];
  /** Name of the Lease in the mesh's namespace by which replicas agree on the one that writes. */
  readonly leaseName: string;
  /** Port on all of the machine's addresses from which the proxies take their configuration. */
  readonly xdsPort: number;
}

/** What `maesh standalone` runs with. */
export interface StandaloneOptions extends ServingOptions {
  /** Folders and files with manifests, at least one, as the user wrote them. */
  readonly dir: readonly string[];
  /** Port on which every HTTP service is reached by its Host; 0 for any free one, as for every port. */
  readonly httpPort: number;
  /** Port of DNS, on UDP and TCP. */
  readonly dnsPort: number;
  /** Port on the loopback address from which Envoys take their configuration. */
  readonly xdsPort: number;
  readonly envoy: EnvoyMode;
  /** Envoy's executable; undefined where it has yet to be found. Meaningless for `external`. */
  readonly envoyBin: string | undefined;
  /** Envoy's worker threads, at least 1. Meaningless for `external`. */
  readonly concurrency: number;
  /** Absolute path of the folder for what a restart needs; it may not exist yet. */
  readonly stateDir: string;
  /** IPv4 range within 127.0.0.0/8 in CIDR notation, /8 to /24. */
  readonly addressRange: string;
  /** The mesh's own namespace. */
  readonly namespace: string;
}

/** An address that something listens on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Where a standalone mesh is reached, told once it serves. Undefined: it could not be opened, and the log says why. */
export interface StandaloneAddresses {
  readonly http: ListenAddress | undefined;
  readonly dns: ListenAddress | undefined;
  readonly api: ListenAddress | undefined;
  readonly xds: ListenAddress;
}

/** What `maesh translate` prints. */
export interface TranslateOptions extends MeshOptions, LogOptions {
  /** Folders and files with manifests, at least one; `-` is standard input. */
  readonly dir: readonly string[];
  /** Whether an open TCP connection is closed when its caller may no longer open it. */
  readonly closeForbidden: boolean;
  readonly addressRange: string;
  /** Port of the mesh on which every HTTP service is reached by its Host. */
  readonly httpPort: number;
  readonly what: 'topology' | 'resources';
  readonly output: 'yaml' | 'json';
}

/** What `maesh check` looks at: manifests where some are named, else a cluster. */
export interface CheckOptions extends ClusterOptions, MeshOptions, LogOptions {
  /** Files and folders with manifests; `-` is standard input. Undefined: the cluster is looked at. */
  readonly dir: readonly string[] | undefined;
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** How long it is waited for a cluster to be well, in seconds. */
  readonly wait: number;
  readonly output: 'text' | 'json';
}

/** What `maesh calls` looks at. */
export interface CallsOptions extends ClusterOptions, LogOptions {
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** How long it is looked whether somebody calls. */
  readonly seconds: number;
}

/** What an Envoy that others start needs to know of its mesh. */
export interface BootstrapOptions extends LogOptions {
  /** Name of the proxy: one for each Envoy of a mesh. */
  readonly nodeId: string;
  /** The mesh's own namespace. */
  readonly namespace: string;
  readonly zone: string | undefined;
  /** Where Envoy finds Maesh. */
  readonly xdsHost: string;
  readonly xdsPort: number;
  /** Where Envoy opens its own admin interface. */
  readonly adminHost: string;
  readonly adminPort: number;
  readonly output: 'yaml' | 'json';
}

/** How `maesh version` says it. */
export interface VersionOptions {
  readonly output: 'text' | 'json';
}
