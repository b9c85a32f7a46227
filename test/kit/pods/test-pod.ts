// Test pods as a test sees them: what makes Kubernetes run them, and calls from each of them.

import type { BackendKind } from '../backends/start.ts';
import { ClientError, type ClientFailure } from '../clients/client-error.ts';
import type { KubeObject, KubeObjects } from '../kube-objects.ts';
import { until } from '../until.ts';
import { callsPort, type Answer, type Call, type CallKind, type CallResult } from './calls.ts';

/** Pods of one kind, labelled `app: NAME`. */
export interface TestPods {
  readonly name: string;
  readonly namespace: string;
  /** Backends with their ports. Each port of the pods is named after its kind. */
  readonly serves?: Partial<Readonly<Record<BackendKind, number>>>;
  /** `v1` by default. */
  readonly version?: string;
  /** `default` by default. */
  readonly serviceAccount?: string;
  /** A Deployment of that many. By default there is one on each node, of a DaemonSet. */
  readonly replicas?: number;
  /** How long a pod that is to end serves on, as pods should until every node has heard of it; 0 by default. */
  readonly drainSeconds?: number;
}

/** The objects that make Kubernetes run test pods: the pods' own, and the service account where one is named. */
export function testPods(wanted: TestPods): KubeObject[] {
  const { name, namespace, serviceAccount, replicas } = wanted;
  const selector = { matchLabels: { app: name } };
  const pods: KubeObject = {
    apiVersion: 'apps/v1',
    kind: replicas === undefined ? 'DaemonSet' : 'Deployment',
    metadata: { name, namespace },
    spec: { ...(replicas !== undefined && { replicas }), selector, template: podTemplate(wanted) },
  };
  if (serviceAccount === undefined) return [pods];
  return [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace } }, pods];
}

function podTemplate({ name, serves = {}, version, serviceAccount, drainSeconds = 0 }: TestPods): object {
  const ports = Object.entries(serves).map(([kind, containerPort]) => ({
    name: kind,
    containerPort,
    protocol: kind === 'udp' ? 'UDP' : 'TCP',
  }));
  const container = {
    name: 'test-pod',
    image: 'localhost/test-pod:1',
    args: ports.map((port) => `${port.name}=${port.containerPort}`),
    env: [{ name: 'VERSION', value: version ?? 'v1' }],
    ports,
    readinessProbe: { httpGet: { path: '/', port: callsPort }, periodSeconds: 1 },
    ...(drainSeconds > 0 && { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } }),
  };
  const spec = {
    serviceAccountName: serviceAccount ?? 'default',
    terminationGracePeriodSeconds: drainSeconds + 1,
    containers: [container],
  };
  return { metadata: { labels: { app: name } }, spec };
}

/** A test pod that runs. */
export class TestPod {
  readonly name: string;
  readonly node: string;
  readonly address: string;

  constructor(name: string, { node, address }: { readonly node: string; readonly address: string }) {
    this.name = name;
    this.node = node;
    this.address = address;
  }

  /**
   * Makes a call from within the pod. Rejects as the client of the test kit would in the test's own process, with a
   * {@link ClientError}.
   */
  async call<Kind extends CallKind>(kind: Kind, call: Call<Kind>): Promise<Answer<Kind>> {
    const response = await fetch(`http://${this.address}:${callsPort}/${kind}`, {
      method: 'POST',
      body: JSON.stringify(call),
    });
    const result = (await response.json()) as CallResult<Answer<Kind>>;
    if ('answer' in result) return result.answer;
    throw new ClientError(result.failure as ClientFailure, result.message);
  }
}

/** Which pods: those of a namespace with a label, such as `app=shop`, on that many nodes; 2 by default. */
export interface PodChoice {
  readonly namespace: string;
  readonly label: string;
  readonly nodes?: number;
}

/** Pods by the name of their node, once there is a ready one on each of the nodes. */
export async function readyPods(
  objects: KubeObjects,
  { namespace, label, nodes = 2 }: PodChoice,
): Promise<ReadonlyMap<string, TestPod>> {
  const find = async (): Promise<ReadonlyMap<string, TestPod> | undefined> => {
    const pods = await podsNow(objects, { namespace, label });
    const byNode = new Map(pods.map((pod) => [pod.node, pod]));
    return byNode.size === nodes ? byNode : undefined;
  };
  return until(`ready pods ${label} of ${namespace} on ${nodes} nodes`, find, 60_000);
}

/** The pods that are ready now, wherever they are. */
export async function podsNow(
  objects: KubeObjects,
  { namespace, label }: Pick<PodChoice, 'namespace' | 'label'>,
): Promise<readonly TestPod[]> {
  const list = await objects.list(`/api/v1/namespaces/${namespace}/pods?labelSelector=${label}`);
  return (list as readonly PodObject[])
    .filter(isReady)
    .map(
      ({ metadata: { name }, spec, status }) =>
        new TestPod(name, { node: spec.nodeName, address: status.podIP }),
    );
}

interface PodObject extends KubeObject {
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly podIP: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

function isReady({ metadata, status }: PodObject): boolean {
  const isGoing = 'deletionTimestamp' in metadata;
  return (
    !isGoing && status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}
