// `maesh check` of an installed mesh, in the process of a test: what it finds, and that it finds nothing any more when a
// fault is mended.

import assert from 'node:assert/strict';

import manifest from '../../package.json' with { type: 'json' };
import type { CheckName } from '../../src/check/check-table.ts';
import { connect } from '../../src/check/connect.ts';
import type { Status } from '../../src/check/finding.ts';
import { runChecks, type CheckResult } from '../../src/check/run-checks.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import type { StaticToken } from './cluster/flags.ts';
import { installedIn, InstalledMesh } from './installed-mesh.ts';
import type { KubeObject } from './kube-objects.ts';
import { until } from './until.ts';

/** How what is looked at differs from the mesh that is installed. */
export interface LookGiven {
  readonly kubeConfig?: string;
  readonly namespace?: string;
  /** Version of the command. */
  readonly version?: string;
}

/** A fault, what it is there for, and what mends it. */
export interface FaultGiven {
  readonly fault: () => Promise<unknown> | void;
  readonly look: () => Promise<unknown>;
  readonly mend: () => Promise<unknown> | void;
}

/** Longest wait for what controllers and an API server have to do first. */
const withinMs = 60_000;

/** A mesh in a control plane of its own, and what is found of it. */
export class ClusterChecks implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly installed: InstalledMesh;

  private constructor(plane: ControlPlane, installed: InstalledMesh) {
    this.plane = plane;
    this.installed = installed;
  }

  /** Starts and installs all of it, with access controlled and room for ten HTTP ports. */
  static async start(given: {
    readonly nameServer: string;
    readonly tokens?: readonly StaticToken[];
  }): Promise<ClusterChecks> {
    const { nameServer, tokens = [] } = given;
    const plane = await startControlPlane({ tokens });
    const installed = await InstalledMesh.install({ plane, nameServer, acl: true, limitHTTPPort: 10 });
    return new ClusterChecks(plane, installed);
  }

  /** What all checks find. */
  async results(given: LookGiven = {}): Promise<readonly CheckResult[]> {
    const { kubeConfig = this.plane.kubeconfig, namespace = installedIn.mesh } = given;
    const { version = manifest.version } = given;
    using connection = await connect({ kubeConfig, namespace, version, env: {}, patienceMs: 500 });
    const all: CheckResult[] = [];
    for await (const result of runChecks(connection.look())) all.push(result);
    return all;
  }

  /** What is not as it should be, by name. */
  async faults(given?: LookGiven): Promise<ReadonlyMap<CheckName, CheckResult>> {
    const found = (await this.results(given)).filter(({ status }) => status !== 'ok');
    return new Map(found.map((result) => [result.name, result]));
  }

  /** Waits until these and no others are as is said, and gives the first. */
  async found(wanted: Readonly<Partial<Record<CheckName, Status>>>, given?: LookGiven): Promise<CheckResult> {
    const all = await until(
      'these faults to be found',
      async () => {
        const seen = await this.faults(given);
        const statuses = [...seen].map(([name, { status }]) => [name, status]);
        assert.deepEqual(Object.fromEntries(statuses), wanted);
        return seen;
      },
      withinMs,
    );
    const [first] = all.values();
    return first ?? assert.fail('a fault is wanted');
  }

  /** Looks while a fault is there, and sees to it that all is well when it is mended. */
  async during({ fault, look, mend }: FaultGiven): Promise<void> {
    try {
      await fault();
      await look();
    } finally {
      await mend();
    }
    await this.allWell();
  }

  /** Waits until nothing is wrong. */
  async allWell(): Promise<void> {
    await until(
      'all to be well',
      async () => {
        assert.deepEqual([...(await this.faults()).values()], []);
        return true;
      },
      withinMs,
    );
  }

  /** Applies objects. */
  async apply(...objects: readonly KubeObject[]): Promise<void> {
    await this.installed.objects.apply(...objects);
  }

  /** Deletes objects. */
  async delete(...objects: readonly KubeObject[]): Promise<void> {
    await this.installed.objects.delete(...objects);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.installed[Symbol.asyncDispose]();
    await this.plane.stop();
  }
}
