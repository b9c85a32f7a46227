// A release of the chart in a real API server, without nodes: what its pods would run is run here, with the tokens that they would
// have.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';

import { chart, helm, render, titleOf } from './chart.ts';
import type { ControlPlane } from './control-plane.ts';
import type { KubeObject, KubeObjects } from './kube-objects.ts';
import { spawnTethered } from '../../src/proxy/tether.ts';
import { runMaesh, type MaeshResult } from './run-maesh.ts';
import { until } from './until.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** Where and with what values. */
export interface ReleaseGiven {
  readonly plane: ControlPlane;
  readonly objects: KubeObjects;
  /** Name of the release, and its namespace. */
  readonly name: string;
  readonly values: object;
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}

/** A release that is installed. */
export class ChartRelease {
  /** What the chart makes, hooks included. */
  readonly made: readonly KubeObject[];
  readonly #given: ReleaseGiven;

  private constructor(given: ReleaseGiven, made: readonly KubeObject[]) {
    this.#given = given;
    this.made = made;
  }

  /** Installs it by Helm, the namespace too. */
  static async install(given: ReleaseGiven): Promise<ChartRelease> {
    const { name, values } = given;
    const release = new ChartRelease(given, await render({ release: name, namespace: name, values }));
    await release.#helm('install', [chart, '--create-namespace', '--values', '-']);
    return release;
  }

  /**
   * Runs the controller with the arguments of its Deployment and more, to which it is told how the API server is reached, while
   * something is done that begins when the mesh is ready. Then it is asked to end, which has to be a success. What fails has its
   * log in the error.
   */
  async withController(flags: readonly string[], action: () => Promise<void>): Promise<void> {
    const args = this.#argumentsOf(`Deployment ${this.#given.name}/maesh-controller`);
    const access = ['--kubeConfig', await this.#access('maesh-controller')];
    const { process: child, stderr } = spawnTethered(process.execPath, [main, ...args, ...flags, ...access]);
    const ended = once(child, 'close');
    let log = '';
    stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    try {
      const isReady = (): true | undefined => {
        assert.equal(child.exitCode, null, log);
        return log.includes('The mesh is ready') || undefined;
      };
      await until('the mesh to be ready', isReady, 60_000);
      await action();
    } catch (error) {
      throw new Error(`It failed while the controller said: ${log}`, { cause: error });
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
    assert.equal(child.exitCode, 0, log);
  }

  /** Uninstalls it by Helm, which here has nobody to run hooks. */
  async uninstall(): Promise<void> {
    await this.#helm('uninstall', ['--no-hooks']);
  }

  /** Does what the hooks do after that. */
  async runCleanup(): Promise<MaeshResult> {
    const { name, objects } = this.#given;
    const hooks = this.made.filter(isCleanup).filter(({ kind }) => kind !== 'Job');
    await objects.apply(...hooks);
    const args = this.#argumentsOf(`Job ${name}/maesh-cleanup`);
    const result = await runMaesh([...args, '--kubeConfig', await this.#access('maesh-cleanup')]);
    await objects.delete(...hooks);
    return result;
  }

  async #helm(command: string, args: readonly string[]): Promise<void> {
    const { name, plane, values } = this.#given;
    const at = ['--namespace', name, '--kubeconfig', plane.kubeconfig];
    const { code, stderr } = await helm([command, name, ...args, ...at], JSON.stringify(values));
    assert.equal(code, 0, stderr);
  }

  #argumentsOf(title: string): readonly string[] {
    const found = this.made.find((object) => titleOf(object) === title) as Workload | undefined;
    return found?.spec.template.spec.containers[0]?.args ?? [];
  }

  /** A kubeconfig of a service account. */
  async #access(account: string): Promise<string> {
    const { plane, objects, name } = this.#given;
    return await plane.writeKubeconfig({ token: await objects.token({ namespace: name, name: account }) });
  }
}

/** Whether an object is there only after the release is uninstalled. */
export function isCleanup({ metadata }: KubeObject): boolean {
  const { annotations = {} } = metadata as { readonly annotations?: Readonly<Record<string, string>> };
  return 'helm.sh/hook' in annotations;
}
