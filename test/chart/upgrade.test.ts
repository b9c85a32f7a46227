// Releases of the original's charts become releases of this one, by `helm upgrade` against a real API server.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { chart, helm, type HelmResult } from '../kit/chart.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects, type KubeObject, type KubeReference } from '../kit/kube-objects.ts';
import { originalChart } from '../kit/original/release.ts';

let folder: string;
let plane: ControlPlane;
let objects: KubeObjects;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-charts-'));
  plane = await startControlPlane();
  objects = new KubeObjects(plane.admin);
});

after(async () => {
  objects[Symbol.dispose]();
  await plane.stop();
  await rm(folder, { recursive: true });
});

/** The original's charts were installed by Helm 3, and a release stays with the way of applying that it began with. */
const asHelm3 = '--server-side=false';

/** Runs helm for a release in a namespace of its own. */
function helmFor(
  release: string,
  namespace: string,
): (command: string, ...args: string[]) => Promise<HelmResult> {
  const at = ['--namespace', namespace, '--kubeconfig', plane.kubeconfig];
  return (command, ...args) => helm([command, release, ...args, ...at]);
}

async function done(result: Promise<HelmResult>): Promise<void> {
  const { code, stderr } = await result;
  assert.equal(code, 0, stderr);
}

function reference(kind: string, namespace: string, name: string): KubeReference {
  const groups: Record<string, string> = { Deployment: 'apps/v1', DaemonSet: 'apps/v1' };
  return { apiVersion: groups[kind] ?? 'v1', kind, metadata: { namespace, name } };
}

async function find(kind: string, namespace: string, name: string): Promise<KubeObject | undefined> {
  return await objects.get(reference(kind, namespace, name));
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly minReadySeconds?: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly name: string; readonly image: string }[];
        readonly initContainers?: readonly unknown[];
      };
    };
  };
}

describe('a release of the chart maesh 2.x', () => {
  it('keeps its Deployment, DaemonSet and Service, which are changed into ours', async () => {
    const run = helmFor('maesh', 'mesh-a');
    await done(run('install', await originalChart(folder, 'maesh-2'), '--create-namespace', asHelm3));
    const kept = [
      ['Deployment', 'maesh-controller'],
      ['DaemonSet', 'maesh-mesh'],
      ['Service', 'maesh-controller'],
    ] as const;
    const uids = async (): Promise<unknown[]> =>
      await Promise.all(kept.map(async ([kind, name]) => (await find(kind, 'mesh-a', name))?.metadata.uid));
    const before = await uids();
    // Nothing here takes the finalizer of a claim away.
    const isEnding = async (name: string): Promise<boolean> => {
      const claim = await find('PersistentVolumeClaim', 'mesh-a', name);
      assert.ok(claim);
      return 'deletionTimestamp' in claim.metadata;
    };
    const claim = reference('PersistentVolumeClaim', 'mesh-a', 'prometheus-storage');
    const annotations = { 'helm.sh/resource-policy': 'keep' };
    await objects.apply({ ...claim, metadata: { ...claim.metadata, annotations } as KubeObject['metadata'] });

    assert.match((await run('upgrade', chart, '--reuse-values')).stderr, /use --reset-then-reuse-values/u);
    await done(run('upgrade', chart));
    assert.deepEqual(await uids(), before);
    for (const [kind, name, image] of [
      ['Deployment', 'maesh-controller', /^maesh\/maesh:/u],
      ['DaemonSet', 'maesh-mesh', /^envoyproxy\/envoy:/u],
    ] as const) {
      const { containers, initContainers } = ((await find(kind, 'mesh-a', name)) as Workload).spec.template
        .spec;
      assert.equal(containers.length, 1);
      assert.match(containers[0]?.image ?? '', image);
      assert.equal(initContainers, undefined);
    }
    assert.equal(await find('Service', 'mesh-a', 'maesh-mesh-api'), undefined);
    assert.equal(await isEnding('prometheus-storage'), false);
    assert.equal(await isEnding('metrics-storage'), true);
    await done(run('uninstall', '--no-hooks'));
  });

  it('that has another name is told how its pods stay while it is upgraded', async () => {
    const run = helmFor('mesh', 'mesh-b');
    await done(run('install', await originalChart(folder, 'maesh-2'), '--create-namespace', asHelm3));
    const { code, stderr } = await run('upgrade', chart);
    assert.equal(code, 1);
    const commands = [...stderr.matchAll(/kubectl -n mesh-b delete (\w+) ([\w-]+) --cascade=orphan/gu)];
    const named = commands.map(([, kind, name]) => `${kind} ${name}`);
    assert.deepEqual(named.toSorted(), ['daemonset maesh-mesh', 'deployment maesh-controller']);
    assert.match(stderr, /-l app=mesh,component=maesh-mesh,release=mesh/u);
    await objects.delete(
      reference('DaemonSet', 'mesh-b', 'maesh-mesh'),
      reference('Deployment', 'mesh-b', 'maesh-controller'),
    );
    await done(run('upgrade', chart));
    await done(run('uninstall', '--no-hooks'));
  });
});

describe('a release of the chart traefik-mesh 3.x', () => {
  it('keeps the DaemonSet of its proxies, and its CoreDNS, and the rest gets new names', async () => {
    const run = helmFor('traefik-mesh', 'mesh-c');
    await done(
      run(
        'install',
        await originalChart(folder, 'traefik-mesh-3'),
        '--create-namespace',
        asHelm3,
        '--set',
        'kubedns=true',
      ),
    );
    const uidOf = async (kind: string, name: string): Promise<string | undefined> =>
      (await find(kind, 'mesh-c', name))?.metadata.uid;
    const [proxies, coredns] = [
      await uidOf('DaemonSet', 'traefik-mesh-proxy'),
      await uidOf('Deployment', 'coredns'),
    ];

    // Once more, as the names must not go back and forth. The original's proxies take their time to end.
    for (const minReadySeconds of [30, undefined]) {
      await done(run('upgrade', chart, '--set', 'kubedns=true'));
      const { spec } = (await find('DaemonSet', 'mesh-c', 'traefik-mesh-proxy')) as Workload;
      assert.equal(spec.minReadySeconds, minReadySeconds);
      assert.equal(await uidOf('DaemonSet', 'traefik-mesh-proxy'), proxies);
      assert.equal(await uidOf('Deployment', 'coredns'), coredns);
      assert.equal(await uidOf('DaemonSet', 'maesh-mesh'), undefined);
      assert.ok(await uidOf('Deployment', 'maesh-controller'));
      assert.equal(await uidOf('Deployment', 'traefik-mesh-controller'), undefined);
    }
    await done(run('uninstall', '--no-hooks'));
  });
});
