// The command lines of a control plane's programs.

import { join } from 'node:path';

import type { Certificate } from './certificates.ts';

/** A user that a token makes of who sends it, in every API server that is started. */
export interface StaticToken {
  readonly token: string;
  readonly user: string;
  readonly groups?: readonly string[];
}

/** How a control plane differs from a plain one. */
export interface ControlPlaneOptions {
  /**
   * `true` runs the controllers of Kubernetes but those that tidy up after nodes, which here are objects and no more; a
   * list runs those that it names (`endpointslice-controller`). By default there are none: nobody makes endpoint slices
   * or service accounts, or deletes what a deleted namespace or owner held.
   */
  readonly controllerManager?: boolean | readonly string[];
  /** `false` has the API server answer lists and watches from etcd instead of from its own memory. */
  readonly watchCache?: boolean;
  /** Such as `{ WatchList: false }`. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** More arguments of the API server; a flag that is here already is overruled. */
  readonly apiServerArgs?: readonly string[];
  /** Tokens besides the administrator's. */
  readonly tokens?: readonly StaticToken[];
  /**
   * The network of nodes that are to join. There is a scheduler then, and every controller runs. By default the control
   * plane is on a loopback address, and nodes are objects and no more.
   */
  readonly network?: {
    /** The control plane's own. */
    readonly address: string;
    /** Of services, an IPv4 range. */
    readonly services: string;
  };
}

/** Where everything of a control plane is. */
export interface ClusterLayout {
  readonly folder: string;
  readonly address: string;
  readonly ports: {
    readonly etcd: number;
    readonly etcdPeer: number;
    readonly apiServer: number;
    readonly controllerManager: number;
    readonly scheduler: number;
  };
  readonly ca: Certificate;
  readonly serving: Certificate;
  readonly tokenFile: string;
  /** The API server's own, as a client of kubelets. */
  readonly kubeletClient: Certificate;
  /** Keys that sign and check the tokens of service accounts. */
  readonly accountKeys: { readonly privateFile: string; readonly publicFile: string };
  /** The controllers' way to the API server. */
  readonly kubeconfig: string;
}

/** All but those to whom a node that says nothing is dead. */
const defaultControllers: readonly string[] = [
  '*',
  '-node-lifecycle-controller',
  '-taint-eviction-controller',
  '-pod-garbage-collector-controller',
];

/** The range of services where no node sees their addresses. */
const defaultServices = '10.96.0.0/16';

/** The address of the API server as a service, the first of the range. */
export function kubernetesAddress({ network }: ControlPlaneOptions): string {
  return (network?.services ?? defaultServices).replace(/\d+\/\d+$/, '1');
}

export function etcdFlags({ folder, address, ports }: ClusterLayout): string[] {
  const peer = `http://${address}:${ports.etcdPeer}`;
  const client = `http://${address}:${ports.etcd}`;
  return [
    '--name=etcd',
    `--data-dir=${join(folder, 'etcd')}`,
    // What is thrown away in a minute need not survive a power cut.
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=etcd=${peer}`,
    // A member that is alone elects itself, after that time.
    '--heartbeat-interval=20',
    '--election-timeout=100',
    '--log-level=warn',
  ];
}

export function apiServerFlags(layout: ClusterLayout, options: ControlPlaneOptions): string[] {
  const { address, ports, ca, serving, kubeletClient, tokenFile, accountKeys } = layout;
  return [
    `--etcd-servers=http://${address}:${ports.etcd}`,
    // Tests compact when they want to.
    '--etcd-compaction-interval=0',
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${ports.apiServer}`,
    // A loopback address can't be an endpoint of the service `kubernetes`.
    `--endpoint-reconciler-type=${options.network === undefined ? 'none' : 'lease'}`,
    // Two families, IPv4 first.
    `--service-cluster-ip-range=${options.network?.services ?? defaultServices},fd00::/112`,
    `--tls-cert-file=${serving.certFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    `--client-ca-file=${ca.certFile}`,
    `--token-auth-file=${tokenFile}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${accountKeys.publicFile}`,
    `--service-account-signing-key-file=${accountKeys.privateFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--kubelet-client-certificate=${kubeletClient.certFile}`,
    `--kubelet-client-key=${kubeletClient.keyFile}`,
    `--kubelet-certificate-authority=${ca.certFile}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--profiling=false',
    // Without it a server that is asked to end waits a minute for its watches.
    '--shutdown-watch-termination-grace-period=100ms',
    ...(options.watchCache === false ? ['--watch-cache=false'] : []),
    ...featureGateFlags(options.featureGates ?? {}),
    ...(options.apiServerArgs ?? []),
  ];
}

export function controllerManagerFlags(layout: ClusterLayout, options: ControlPlaneOptions): string[] {
  const { folder, address, ports, ca, serving, accountKeys, kubeconfig } = layout;
  const withoutNodes = options.network === undefined ? defaultControllers : ['*'];
  const controllers = Array.isArray(options.controllerManager) ? options.controllerManager : withoutNodes;
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${address}`,
    `--secure-port=${ports.controllerManager}`,
    `--tls-cert-file=${serving.certFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    '--leader-elect=false',
    `--controllers=${controllers.join(',')}`,
    `--service-account-private-key-file=${accountKeys.privateFile}`,
    `--root-ca-file=${ca.certFile}`,
    // The default rate makes the first service account take 5 s.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    // A node that is gone is noticed in 16 s instead of 50: see the kubelet's configuration, nodes/node-files.ts.
    '--node-monitor-period=2s',
    '--node-monitor-grace-period=16s',
    // By default it makes a folder in /usr.
    `--flex-volume-plugin-dir=${join(folder, 'flexvolume')}`,
    '--profiling=false',
    ...featureGateFlags(options.featureGates ?? {}),
  ];
}

export function schedulerFlags(layout: ClusterLayout): string[] {
  const { address, ports, serving, kubeconfig } = layout;
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${address}`,
    `--secure-port=${ports.scheduler}`,
    `--tls-cert-file=${serving.certFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    '--leader-elect=false',
    '--profiling=false',
  ];
}

function featureGateFlags(gates: Readonly<Record<string, boolean>>): string[] {
  const settings = Object.entries(gates).map(([name, on]) => `${name}=${on}`);
  return settings.length === 0 ? [] : [`--feature-gates=${settings.join(',')}`];
}
