// The cluster that test/cluster/*.test.ts share. `npm run test:cluster` starts it and says in the environment where it is.

import { execFile, type ExecFileOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { findExecutable } from '../../tools/cluster/binaries.ts';
import { KubeObjects } from './kube-objects.ts';
import type { KubeAccess } from './kube-request.ts';
import { callOperation, type OperationName } from './nodes/control.ts';
import { until } from './until.ts';

/** What a test file is told of the cluster: JSON in the file that MAESH_CLUSTER names. */
export interface ClusterRecord {
  /** Of the administrator. */
  readonly access: KubeAccess;
  /** The same, as a file. */
  readonly kubeconfig: string;
  /** The socket of the process that it belongs to. */
  readonly control: string;
}

/** The variable that names the file. */
export const clusterVariable = 'MAESH_CLUSTER';

/** A pod, and the container in it where there are several. */
export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly container?: string;
}

/** The cluster as a test sees it. What a test changes it puts back: the next file finds the same cluster. */
export class RunningCluster {
  readonly access: KubeAccess;
  readonly kubeconfig: string;
  readonly #control: string;

  private constructor({ access, kubeconfig, control }: ClusterRecord) {
    this.access = access;
    this.kubeconfig = kubeconfig;
    this.#control = control;
  }

  /** The cluster that the environment names. */
  static find(): RunningCluster {
    const file = process.env[clusterVariable];
    if (file === undefined) throw new Error(`${clusterVariable} is not set: run npm run test:cluster`);
    return new RunningCluster(JSON.parse(readFileSync(file, 'utf8')) as ClusterRecord);
  }

  /** Runs kubectl as the administrator; resolves with what it prints, and rejects with what it complains of. */
  kubectl(...args: readonly string[]): Promise<string> {
    return this.#run('kubectl', args);
  }

  /** Runs Helm likewise. */
  helm(...args: readonly string[]): Promise<string> {
    return this.#run('helm', args);
  }

  /** Runs a command in a container. */
  exec({ namespace, name, container }: PodReference, ...command: readonly string[]): Promise<string> {
    const where = container === undefined ? [] : ['--container', container];
    return this.kubectl('exec', '--namespace', namespace, name, ...where, '--', ...command);
  }

  /** Waits until new pods of a workload, such as `daemonset/proxy`, have taken the place of all old ones, which are gone. */
  async rolledOut(namespace: string, workload: string): Promise<void> {
    await this.kubectl('--namespace', namespace, 'rollout', 'status', workload, '--timeout=240s');
    using objects = new KubeObjects(this.access);
    const areGone = async (): Promise<true | undefined> => {
      const pods = await objects.list(`/api/v1/namespaces/${namespace}/pods`);
      return !pods.some(({ metadata }) => 'deletionTimestamp' in metadata) || undefined;
    };
    await until(`the end of old pods of ${workload}`, areGone, 120_000);
  }

  /** Ends the API server as one that is replaced. Resolves when it is gone. */
  stopApiServer(): Promise<void> {
    return this.#call('stopApiServer');
  }

  /** Starts it again. Resolves when it is ready. */
  startApiServer(): Promise<void> {
    return this.#call('startApiServer');
  }

  /** Does something while a node hears nothing of services and their endpoints. */
  async withoutKubeProxy(node: string, work: () => Promise<unknown>): Promise<void> {
    await this.#call('haltKubeProxy', node);
    try {
      await work();
    } finally {
      await this.#call('continueKubeProxy', node);
    }
  }

  /** Makes the images of an OCI archive known to both nodes. */
  importImages(archive: string): Promise<void> {
    return this.#call('importImages', archive);
  }

  #call(operation: OperationName, argument = ''): Promise<void> {
    return callOperation(this.#control, { operation, argument });
  }

  async #run(program: string, args: readonly string[]): Promise<string> {
    const env = { ...process.env, KUBECONFIG: this.kubeconfig };
    const options: ExecFileOptions = { env, maxBuffer: 64 << 20 };
    const { stdout } = await promisify(execFile)(findExecutable(program), args, options);
    return String(stdout);
  }
}
