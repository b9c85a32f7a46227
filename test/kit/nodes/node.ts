// One node of a cluster on this machine: containerd, kubelet and kube-proxy in namespaces and cgroups of their own. It is
// one tree of processes: when its first ends, or this one, containers and all do.

import { execFile } from 'node:child_process';
import { cp, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findExecutable } from '../../../tools/cluster/binaries.ts';
import { Component } from '../cluster/component.ts';
import { removeCgroups } from './cgroups.ts';

/** What node-init.sh has its programs write. */
const logs = ['node.log', 'containerd.log', 'kubelet.log', 'kube-proxy.log'];
const tailLines = 8;

/** What a node starts with; its folder has the files of node-files.ts. */
export interface NodeOptions {
  readonly name: string;
  readonly folder: string;
  readonly address: string;
  /** Its network namespace. */
  readonly namespace: string;
  /** The kubelet's way to the API server. */
  readonly kubeconfig: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A node that runs, whether the cluster thinks so or not. */
export class ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly folder: string;
  readonly #component: Component;

  private constructor({ name, address, folder }: NodeOptions, component: Component) {
    this.name = name;
    this.address = address;
    this.folder = folder;
    this.#component = component;
  }

  /**
   * Starts a node with the images of an archive. Resolves when the kubelet is started, which will make itself known to
   * the API server.
   */
  static async start(options: NodeOptions, archive: string): Promise<ClusterNode> {
    const { name, folder, namespace } = options;
    // What an earlier run of this node left in them would cost the kubelet seconds.
    await removeCgroups(folder);
    const enter = join(import.meta.dirname, 'node-enter.sh');
    const command = [findExecutable('kube-proxy'), findExecutable('kubelet'), ...kubeletFlags(options)];
    const args = [namespace, folder, namespace, ...command];
    const component = new Component({ name, program: enter, args, logFile: join(folder, 'node.log') });
    const node = new ClusterNode(options, component);
    try {
      await component.ready(
        async () => (await node.run('ctr', '--connect-timeout', '500ms', 'version')) !== '',
      );
      await node.importImages(archive);
      await node.run('touch', '/run/images-ready');
    } catch (error) {
      const reason = new Error(`${name} does not start.${await node.logTails()}`, { cause: error });
      await node.kill();
      throw reason;
    }
    return node;
  }

  /** Makes the images of an archive known to the node. */
  async importImages(archive: string): Promise<void> {
    await this.run('ctr', '--namespace', 'k8s.io', 'images', 'import', archive);
  }

  /** Runs a program of this machine in the node's namespaces and resolves with what it prints; rejects with what it complains of. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const target = [
      '--target',
      await this.#firstProcess(),
      '--mount',
      '--uts',
      '--ipc',
      '--net',
      '--pid',
      '--cgroup',
    ];
    const { stdout } = await promisify(execFile)('nsenter', [...target, '--', program, ...args]);
    return stdout;
  }

  /** Sends a signal to one of its programs. */
  async signal(program: string, signal: 'STOP' | 'CONT'): Promise<void> {
    await this.run('pkill', `-${signal}`, '--exact', program);
  }

  /** Ends it as a power cut does. Resolves when nothing of it runs. */
  async kill(): Promise<void> {
    await this.#component.kill();
    await removeCgroups(this.folder);
  }

  /** Copies its programs' logs and those of its pods into a folder that is there. */
  async saveLogs(folder: string): Promise<void> {
    for (const name of [...logs, 'pod-logs'])
      await cp(join(this.folder, name), join(folder, name), { recursive: true });
  }

  /** The ends of its programs' logs, to be shown behind a sentence. */
  async logTails(): Promise<string> {
    const tails = logs.map(async (name) => {
      const file = join(this.folder, name);
      const text = await readFile(file, 'utf8').catch(() => '');
      return `\nThe end of ${file}:\n${text.trimEnd().split('\n').slice(-tailLines).join('\n')}`;
    });
    return (await Promise.all(tails)).join('');
  }

  /** The id, on the host, of the first process within. (The tether has a process, too.) */
  async #firstProcess(): Promise<string> {
    const { pid } = this.#component;
    const ownNamespace = await readlink('/proc/self/ns/pid');
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    for (const child of children.trim().split(' '))
      if ((await readlink(`/proc/${child}/ns/pid`)) !== ownNamespace) return child;
    throw new Error(`${this.name} has no process yet`);
  }
}

function kubeletFlags({ name, folder, address, kubeconfig, labels }: NodeOptions): readonly string[] {
  const list = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return [
    `--config=${join(folder, 'kubelet.yaml')}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
    `--node-labels=${list.join(',')}`,
  ];
}
