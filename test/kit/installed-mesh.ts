// A mesh in a real API server, as its chart installs it and as kubelets would report it: two controllers that really run,
// proxies that are connected to them, a name server that knows its services, and the objects of all of them.

import { machineAddress } from './machine-address.ts';
import { controllerNeeds, type Need } from '../../src/check/controller-needs.ts';
import { kindsWithStatus } from '../../src/source/kubernetes/with-identity.ts';
import type { ControlPlane } from './control-plane.ts';
import { DnsLayoutInCluster, type DnsData } from './dns-layouts.ts';
import { startController, type RunningController } from './controllers.ts';
import { KubeObjects, type KubeObject } from './kube-objects.ts';
import { MeshInCluster } from './mesh-in-cluster.ts';
import { NameServer } from './name-server.ts';
import { SlowProxy } from './slow-proxy.ts';
import { installSmi } from './smi-definitions.ts';
import { until } from './until.ts';

/** The mesh's own namespace, and that of its services. */
export const installedIn = { mesh: 'maesh', services: 'store' };

const namespace = installedIn.mesh;
const account = { name: 'maesh-controller', namespace };
const controllerLabels = { app: 'maesh', component: 'controller' };
const proxyLabels = { app: 'maesh', component: 'maesh-mesh' };
const ready = [{ type: 'Ready', status: 'True' }];

/** Long enough for a machine that has much to do. */
const leaseTiming = { leaseMs: 6_000, renewDeadlineMs: 4_000, retryMs: 500 };

/** Status of a pod that is not ready. */
export const notReady: object = { conditions: [{ type: 'Ready', status: 'False' }] };

/** Status of a pod whose image can't be had. */
export const withoutImage: object = {
  ...notReady,
  containerStatuses: [
    {
      name: 'c',
      ready: false,
      restartCount: 0,
      image: '',
      imageID: '',
      state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
    },
  ],
};

/** What a test wants of it. */
export interface InstalledGiven {
  readonly plane: ControlPlane;
  /** Loopback address of the name server. */
  readonly nameServer: string;
  readonly acl?: boolean;
  readonly limitHTTPPort?: number;
}

/** A mesh that is installed and running. */
export class InstalledMesh implements AsyncDisposable {
  readonly objects: KubeObjects;
  readonly mesh: MeshInCluster;
  /** The cluster's DNS, as kubeadm sets it up: objects and no more. */
  readonly dns: DnsLayoutInCluster;
  /** What it was told before there was a mesh. */
  readonly dnsBefore: DnsData;
  readonly nameServer: NameServer;
  /** `maesh-controller-a` and `maesh-controller-b`, as their pods are called. */
  readonly controllers: readonly RunningController[];
  /** By the name of their pods: `maesh-mesh-1`, connected to the first controller, and `maesh-mesh-2`, to the second. */
  readonly proxies: Map<string, SlowProxy>;

  private constructor(parts: {
    readonly objects: KubeObjects;
    readonly dns: DnsLayoutInCluster;
    readonly dnsBefore: DnsData;
    readonly nameServer: NameServer;
    readonly controllers: readonly RunningController[];
  }) {
    this.objects = parts.objects;
    this.dns = parts.dns;
    this.dnsBefore = parts.dnsBefore;
    this.nameServer = parts.nameServer;
    this.controllers = parts.controllers;
    this.mesh = new MeshInCluster(this.objects, installedIn);
    this.proxies = new Map();
  }

  /** Installs it. Resolves when all of it is well. */
  static async install({ plane, nameServer: address, ...given }: InstalledGiven): Promise<InstalledMesh> {
    const objects = new KubeObjects(plane.admin);
    const mesh = new MeshInCluster(objects, installedIn);
    await mesh.prepare();
    await installSmi(objects);
    const dns = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const dnsBefore = await dns.data();
    const serviceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account };
    await objects.apply(serviceAccount, ...permissions(), ...dnsPermissions());
    const kubeConfig = await plane.writeKubeconfig({ token: await objects.token(account) });
    const nameServer = await NameServer.start(address);
    const start = (name: string): Promise<RunningController> =>
      startController({
        ...given,
        name,
        kubeConfig,
        namespace,
        watchNamespaces: [],
        apiHost: machineAddress(),
        nameServers: [nameServer.address],
        leaseTiming,
        keepDNS: true,
      });
    const controllers = await Promise.all(['maesh-controller-a', 'maesh-controller-b'].map(start));
    const installed = new InstalledMesh({ objects, dns, dnsBefore, nameServer, controllers });
    await installed.mesh.put('shop', [{ name: 'http', port: 80 }]);
    await objects.apply(...installed.workloads());
    await until(
      'the controllers to be ready',
      () => controllers.every((each) => each.isReady()) || undefined,
    );
    for (const name of ['maesh-mesh-1', 'maesh-mesh-2']) installed.connect(name);
    await installed.named();
    return installed;
  }

  /** The Deployment, the DaemonSet and the pods of both, and two nodes. */
  workloads(): readonly KubeObject[] {
    const pods = this.controllers.map((controller) => controllerPod(controller));
    const proxies = [1, 2].map((number) => proxyPod(number));
    return [node('node-1'), node('node-2'), deployment(), daemonSet(), ...pods, ...proxies];
  }

  /** Connects the proxy of this name, as it does when its pod starts. */
  connect(name: string): void {
    this.proxies.get(name)?.[Symbol.dispose]();
    const controller = this.controllers[name.endsWith('1') ? 0 : 1];
    this.proxies.set(name, new SlowProxy(controller?.xdsPort ?? 0, name));
  }

  /** Waits until each service has its shadow Service, and tells the name server of their addresses. */
  async named(): Promise<void> {
    const services = await this.mesh.services();
    const shadows = await until('a shadow Service for each service', async () => {
      const found = await this.mesh.shadows();
      return found.length === services.length ? found : undefined;
    });
    this.nameServer.names.clear();
    for (const { metadata, spec } of shadows) {
      const { clusterIPs } = spec as { readonly clusterIPs: readonly string[] };
      const { annotations } = metadata as { readonly annotations?: Readonly<Record<string, string>> };
      const [at = '', name = ''] = annotations?.['mesh.traefik.io/shadow-of']?.split('/') ?? [];
      this.nameServer.names.set(`${metadata.name}.${namespace}.svc.cluster.local`, clusterIPs);
      for (const domain of ['maesh', 'traefik.mesh']) {
        this.nameServer.names.set(`${name}.${at}.${domain}`, clusterIPs);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.proxies.values()) proxy[Symbol.dispose]();
    await Promise.all(this.controllers.map((controller) => controller.stop()));
    await this.nameServer[Symbol.asyncDispose]();
    this.objects[Symbol.dispose]();
  }
}

/** Exactly what the controller is said to need. */
export function permissions(
  without: (resource: string) => readonly string[] = () => [],
): readonly KubeObject[] {
  const kinds = kindsWithStatus.map((kind) => ({ kind, hasStatus: true }));
  const needs = controllerNeeds({ namespace, watched: undefined, kinds });
  const subject = { kind: 'ServiceAccount', ...account };
  return rolesFor({ name: account.name, subject, needs, without });
}

/** Roles that allow what is needed and nothing else: in all namespaces, and in the mesh's own. */
export function rolesFor(given: {
  readonly name: string;
  readonly subject: object;
  readonly needs: readonly Need[];
  readonly without?: (resource: string) => readonly string[];
}): readonly KubeObject[] {
  const { name, subject, needs, without = () => [] } = given;
  const rules = (isOwn: boolean): readonly object[] =>
    needs
      .filter((need) => (need.namespace !== undefined) === isOwn)
      .map(({ group, plural, subresource, verbs }) => {
        const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
        const lacking = without(resource);
        const left = verbs.filter((verb) => !lacking.includes(verb));
        return { apiGroups: [group], resources: [resource], verbs: left };
      })
      .filter(({ verbs }) => verbs.length > 0);
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  const own = { name, namespace };
  const subjects = [subject];
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules: rules(false) },
    { apiVersion, kind: 'Role', metadata: own, rules: rules(true) },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup, kind: 'ClusterRole', name },
      subjects,
    },
    { apiVersion, kind: 'RoleBinding', metadata: own, roleRef: { apiGroup, kind: 'Role', name }, subjects },
  ];
}

/** What the controller needs for the DNS of a cluster that kubeadm made, with these verbs for its configuration. */
export function dnsPermissions(verbs: readonly string[] = ['list', 'watch', 'patch']): readonly KubeObject[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: 'maesh-controller-dns', namespace: 'kube-system' };
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    {
      apiVersion,
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: ['apps'], resources: ['deployments', 'daemonsets'], verbs: ['list', 'watch', 'patch'] },
        { apiGroups: [''], resources: ['configmaps'], verbs },
      ],
    },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
  ];
}

function template(labels: Readonly<Record<string, string>>, container: object): object {
  const spec = { serviceAccountName: account.name, containers: [container] };
  return { metadata: { labels }, spec };
}

/** The controllers' Deployment. */
export function deployment(replicas: number = 2): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'maesh-controller', namespace, labels: controllerLabels } as KubeObject['metadata'],
    spec: {
      replicas,
      selector: { matchLabels: controllerLabels },
      template: template(controllerLabels, { name: 'maesh-controller', image: 'maesh/maesh' }),
    },
    status: { observedGeneration: 99, replicas, readyReplicas: replicas },
  };
}

/** The proxies' DaemonSet. */
export function daemonSet(): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'maesh-mesh', namespace, labels: proxyLabels } as KubeObject['metadata'],
    spec: {
      selector: { matchLabels: proxyLabels },
      template: template(proxyLabels, { name: 'maesh-mesh', image: 'envoyproxy/envoy' }),
    },
    status: {
      observedGeneration: 99,
      currentNumberScheduled: 2,
      numberMisscheduled: 0,
      desiredNumberScheduled: 2,
      numberReady: 2,
    },
  };
}

/** The pod of a controller, ready unless its status says otherwise. */
export function controllerPod(
  { name, apiPort }: Pick<RunningController, 'name' | 'apiPort'>,
  status: object = {},
): KubeObject {
  const ports = [{ name: 'api', containerPort: apiPort }];
  return pod({ name, labels: controllerLabels, container: { name: 'maesh-controller', ports } }, status);
}

/** The pod of a proxy, on the node of its number. */
export function proxyPod(number: number, status: object = {}): KubeObject {
  const name = `maesh-mesh-${number}`;
  const container = { name: 'maesh-mesh' };
  return pod({ name, labels: proxyLabels, container, nodeName: `node-${number}` }, status);
}

function pod(
  given: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly container: object;
    readonly nodeName?: string;
  },
  status: object,
): KubeObject {
  const { name, labels, container, nodeName } = given;
  const address = machineAddress();
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels } as KubeObject['metadata'],
    spec: { nodeName, containers: [{ image: 'localhost/any', ...container }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions: ready, ...status },
  };
}

/** A node on which pods may be put. */
export function node(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { conditions: ready } };
}
