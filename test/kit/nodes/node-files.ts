// What a node's programs are configured with.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Certificate } from '../cluster/certificates.ts';

/** What the files of one node say. */
export interface NodeConfig {
  readonly name: string;
  readonly folder: string;
  readonly address: string;
  /** The addresses of its pods. */
  readonly pods: string;
  /** What each pod's first process is. */
  readonly pauseImage: string;
  /** The address of the cluster's DNS. */
  readonly dnsAddress: string;
  readonly ca: Certificate;
  /** The kubelet's own, as a server. */
  readonly serving: Certificate;
  /** The way of kube-proxy to the API server. */
  readonly proxyKubeconfig: string;
}

/** Writes them into the node's folder. */
export async function writeNodeFiles(config: NodeConfig): Promise<void> {
  const { folder } = config;
  await mkdir(join(folder, 'cni-config'), { recursive: true });
  const files = {
    'cni-config/10-pods.conflist': JSON.stringify(podNetwork(config)),
    'containerd.toml': containerd(config),
    'kube-proxy.yaml': JSON.stringify(kubeProxy(config)),
    'kubelet.yaml': JSON.stringify(kubelet(config)),
    // Nobody answers there: there is no outside. CoreDNS doesn't start without a server to forward to.
    'resolv.conf': `nameserver ${config.address}\n`,
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
}

function podNetwork({ pods }: NodeConfig): object {
  const addresses = {
    type: 'host-local',
    dataDir: '/var/lib/cni/networks',
    ranges: [[{ subnet: pods }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: podBridge, isGateway: true, hairpinMode: true, ipam: addresses };
  return { cniVersion: '1.0.0', name: 'pods', plugins: [bridge] };
}

const podBridge = 'cni0';

// Debian's containerd is 1.6.
function containerd({ pauseImage }: NodeConfig): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.native", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE nothing can be made less likely to be killed.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    discard_unpacked_layers = true
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

function kubelet({ folder, address, dnsAddress, ca, serving }: NodeConfig): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: ca.certFile },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: serving.certFile,
    tlsPrivateKeyFile: serving.keyFile,
    clusterDomain: 'cluster.local',
    clusterDNS: [dnsAddress],
    resolvConf: join(folder, 'resolv.conf'),
    cgroupDriver: 'cgroupfs',
    // Containers' machines, and this one, may have no other version yet.
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    enforceNodeAllocatable: ['pods'],
    maxPods: 60,
    registryPullQPS: 0,
    serializeImagePulls: false,
    imageGCHighThresholdPercent: 100,
    // How full the disk of this machine is doesn't concern the tests.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
      'imagefs.inodesFree': '0%',
    },
    // A node that is gone is noticed in seconds: see the controllers' grace in flags.ts.
    nodeStatusUpdateFrequency: '4s',
    nodeLeaseDurationSeconds: 16,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
  };
}

function kubeProxy({ address, name, proxyKubeconfig }: NodeConfig): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: proxyKubeconfig },
    hostnameOverride: name,
    detectLocalMode: 'BridgeInterface',
    detectLocal: { bridgeInterface: podBridge },
    bindAddress: address,
    healthzBindAddress: `${address}:10256`,
    metricsBindAddress: '127.0.0.1:10249',
    nodePortAddresses: [`${address}/32`],
    // These are settings of the whole machine, which a network namespace can't write.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}
