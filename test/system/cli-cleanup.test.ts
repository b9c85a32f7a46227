// `maesh prepare` and `maesh cleanup` as a user and a hook of Helm run them: real processes before a real API server in which
// a real controller was at work.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { cleanUp, type CleanupStep } from '../../src/app/cleanup/clean-up.ts';
import type { CleanupOptions } from '../../src/config/options.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { inventoryDifferences, takeInventory } from '../kit/cluster-inventory.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { startController, type RunningController } from '../kit/controllers.ts';
import { DnsLayoutInCluster } from '../kit/dns-layouts.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { runMaesh, startMaesh, type MaeshResult } from '../kit/run-maesh.ts';
import { installSmi, removeSmi } from '../kit/smi-definitions.ts';
import { until } from '../kit/until.ts';

const corefileMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'coredns', namespace: 'kube-system' },
};
const mark = '#### Begin Maesh Block';
const namespaces = { mesh: 'mesh', services: 'store' };
const longName = `${'shop-'.repeat(10)}front`;
const split: KubeObject = {
  apiVersion: 'split.smi-spec.io/v1alpha4',
  kind: 'TrafficSplit',
  metadata: { name: 'canary', namespace: namespaces.services },
  spec: { service: 'shop', backends: [{ service: 'nobody', weight: 1 }] },
};
/** As a controller leaves it that ends before it deletes it. */
const relievedProxy = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'traefik', namespace: namespaces.mesh, labels: { component: 'relieved-proxy' } },
  spec: { containers: [{ name: 'proxy', image: 'localhost/proxy' }] },
};

describe('maesh cleanup', { concurrency: false }, () => {
  let plane: ControlPlane;
  let objects: KubeObjects;
  const mesh = (): MeshInCluster => new MeshInCluster(objects, namespaces);

  before(async () => {
    plane = await startControlPlane({ tokens: [{ token: 'limited-token', user: 'limited' }] });
    objects = new KubeObjects(plane.admin);
    await mesh().prepare();
    await objects.apply(...users);
    for (const name of ['shop', longName]) {
      // oxlint-disable-next-line no-await-in-loop -- two
      await mesh().put(name, [{ port: 80 }]);
    }
  });

  after(async () => {
    objects[Symbol.dispose]();
    await plane.stop();
  });

  const maesh = async (command: string, ...flags: readonly string[]): Promise<MaeshResult> =>
    await runMaesh([command, '--kubeConfig', plane.kubeconfig, '--namespace', namespaces.mesh, ...flags]);
  const corefile = async (): Promise<string> => {
    const { data } = (await objects.get(corefileMap)) as KubeObject & { data: { Corefile: string } };
    return data.Corefile;
  };
  const start = async (): Promise<RunningController> =>
    await startController({
      kubeConfig: plane.kubeconfig,
      namespace: namespaces.mesh,
      watchNamespaces: [namespaces.services],
      keepDNS: true,
    });
  /** Resolves when the controller has made all that controllers make. */
  const atWork = async (): Promise<void> => {
    await until('the controller to be at work', async () => {
      const shadows = await mesh().shadows();
      const status = (await objects.get(split))?.['status'];
      const events = await objects.list(`/apis/events.k8s.io/v1/namespaces/${namespaces.services}/events`);
      const isOurs = ({ reportingController }: KubeObject): boolean =>
        reportingController === `mesh.traefik.io/${namespaces.mesh}`;
      const isAll = shadows.length === 2 && status !== undefined && events.some(isOurs);
      return (isAll && (await corefile()).includes(longName)) || undefined;
    });
  };

  it('leaves nothing of what a controller has made, and all that is the user’s', async () => {
    await installSmi(objects);
    await using layout = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    await objects.apply(split);
    const atFirst = await takeInventory(objects);
    const statusAtFirst = (await objects.get(split))?.['status'];
    const dnsAtFirst = await layout.data();
    const controller = await start();
    await atWork();
    // A port rests, and a replica crashed.
    await mesh().put('passing', [{ port: 80 }]);
    await until('its shadow Service', async () => (await mesh().shadows()).length === 3 || undefined);
    await mesh().remove('passing');
    await until('a port to rest', async () => (await mesh().resting()).length > 0 || undefined);
    await controller.stop();
    await objects.apply(lease('maesh-controller-crashed', { app: 'maesh', component: 'controller' }));
    await objects.apply(relievedProxy);

    const { code, stdout, stderr } = await maesh('cleanup');
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^CoreDNS 1\.12\.1 .*: the mesh's names are out of configmaps kube-system\/coredns\n/,
    );
    assert.match(stdout, /^Shadow Services in namespace mesh: [1-9] deleted\n/m);
    assert.match(stdout, /^Proxies of the original in namespace mesh: 1 deleted\n/m);
    assert.match(stdout, /^Events of the mesh: [1-9]\d* deleted\n/m);
    assert.match(stdout, /^Statuses with a condition of the mesh: 1 cleared\n/m);
    assert.match(stdout, /^Leases in namespace mesh: [12] deleted\n$/m);
    assert.deepEqual(inventoryDifferences(atFirst, await takeInventory(objects)), []);
    assert.deepEqual((await objects.get(split))?.['status'] ?? {}, statusAtFirst ?? {});
    assert.deepEqual(await layout.data(), dnsAtFirst);

    const again = await maesh('cleanup');
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /has none of the mesh's names\n(.*: 0 (deleted|cleared)\n){4}$/);
    await objects.delete(split);
    await removeSmi(objects);
  });

  it('takes nothing away while a controller runs, and waits for one that is ending', async () => {
    await using _ = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const controller = await start();
    await until('the controller to be at work', async () => (await corefile()).includes(mark) || undefined);
    await until('both shadow Services', async () => (await mesh().shadows()).length === 2 || undefined);
    const text = await corefile();
    const steps: CleanupStep[] = [];
    await cleanUp(cleanupOptions(plane.kubeconfig), {
      log: silentLog,
      signal: new AbortController().signal,
      onStep: (step) => steps.push(step),
      limitMs: 1_000,
    });
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ['failed'],
    );
    assert.match(
      steps[0]?.text ?? '',
      /^A controller of the mesh in namespace mesh still runs .* Its Lease: maesh-controller, maesh-controller-/,
    );
    assert.equal(await corefile(), text);
    assert.equal((await mesh().shadows()).length, 2);

    const running = maesh('cleanup');
    await controller.stop();
    const { code, stderr } = await running;
    assert.equal(code, 0, stderr);
    assert.ok(!(await corefile()).includes(mark));
    assert.equal((await mesh().shadows()).length, 0);
  });

  it('comes to an end where it was broken off before', async () => {
    await using layout = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const atFirst = await layout.data();
    const controller = await start();
    await until('the controller to be at work', async () => (await corefile()).includes(mark) || undefined);
    await until('both shadow Services', async () => (await mesh().shadows()).length === 2 || undefined);
    await controller.stop();
    const running = startMaesh(['cleanup', '--kubeConfig', plane.kubeconfig, '--namespace', namespaces.mesh]);
    await running.printed(/CoreDNS/);
    running.child.kill('SIGKILL');
    await running.result;
    const { code, stderr } = await maesh('cleanup');
    assert.equal(code, 0, stderr);
    assert.equal((await mesh().shadows()).length, 0);
    assert.deepEqual(await layout.data(), atFirst);
  });

  it('does what it may, and says what to grant for the rest', async () => {
    await using _ = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    await maesh('prepare');
    assert.ok((await corefile()).includes(mark));
    await grant(objects);
    const limited = await plane.writeKubeconfig({ token: 'limited-token' });
    const { code, stdout, stderr } = await runMaesh([
      'cleanup',
      '--kubeConfig',
      limited,
      '--namespace',
      'mesh',
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /the mesh's names are out of configmaps kube-system\/coredns/);
    assert.match(
      stderr,
      /^maesh: Cannot list events\.events\.k8s\.io in all namespaces: not allowed\. Grant it by a rule /m,
    );
    assert.ok(!(await corefile()).includes(mark));
  });

  it('leaves the names of another mesh in DNS', async () => {
    await using _ = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const other = await runMaesh(['prepare', '--kubeConfig', plane.kubeconfig, '--namespace', 'other']);
    assert.equal(other.code, 0, other.stderr);
    const text = await corefile();
    const { code, stdout } = await maesh('cleanup');
    assert.equal(code, 0);
    assert.match(stdout, /has none of the mesh's names/);
    assert.equal(await corefile(), text);
  });

  it('takes out what the original left', async () => {
    await using _ = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const folder = join(import.meta.dirname, '..', 'golden-corefiles', 'traefik-mesh-1.4');
    const [given, restored] = await Promise.all(
      ['Corefile', 'restored/Corefile'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    await objects.apply({ ...corefileMap, data: { Corefile: given } }, shadowOfOriginal);
    const run = await runMaesh(['cleanup', '--kubeConfig', plane.kubeconfig]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(await corefile(), restored);
    assert.equal(await objects.get(shadowOfOriginal), undefined);
  });

  it('has nothing to do where there never was a mesh, or its namespace is gone', async () => {
    const { code, stdout, stderr } = await runMaesh([
      'cleanup',
      '--kubeConfig',
      plane.kubeconfig,
      '--namespace',
      'gone',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^The cluster's DNS is of no kind that Maesh knows, so nothing was put there\n/);
  });

  it('says so where the API server does not answer', async () => {
    const away = await plane.writeKubeconfig({ url: 'https://127.124.0.1:1' });
    const { code, stderr } = await runMaesh(['cleanup', '--kubeConfig', away]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^maesh: Cannot list leases\.coordination\.k8s\.io in namespace maesh: .*ECONNREFUSED/,
    );
  });

  describe('maesh prepare', () => {
    it('says what it found and did, and keeps what the leader of a running mesh has put in', async () => {
      await using _ = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
      const first = await maesh('prepare');
      assert.deepEqual(first, {
        code: 0,
        stdout:
          "CoreDNS 1.12.1 (Deployment kube-system/coredns): the mesh's names are in configmaps kube-system/coredns; " +
          'it reads that again by itself, within a minute or two\n',
        stderr: '',
      });
      await using controller = await start();
      await until('the long name', async () => (await corefile()).includes(longName) || undefined);
      const text = await corefile();
      const second = await maesh('prepare');
      assert.match(second.stdout, /has the mesh's names already\n$/);
      assert.equal(await corefile(), text);
      assert.ok(controller.isReady());
    });

    it('takes the original’s flags', async () => {
      await using _ = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
      const { code, stderr } = await maesh(
        'prepare',
        '--acl',
        '--clusterdomain',
        'cluster.local',
        '--loglevel=debug',
      );
      assert.equal(code, 0, stderr);
      assert.ok((await corefile()).includes(mark));
      assert.equal((await maesh('cleanup')).code, 0);
    });

    it('says what to do by hand where it does not know the DNS, and where there is no cluster', async () => {
      const { code, stdout, stderr } = await maesh('prepare', '--meshDomains', 'mesh.example');
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /^maesh: This cluster's DNS is of no kind that Maesh knows: .*\n\n#### Begin Maesh Block\n/,
      );
      assert.match(stderr, /\nmesh\.example:53 \{\n/);
      const nowhere = await runMaesh(['prepare']);
      assert.equal(nowhere.code, 1);
      assert.match(nowhere.stderr, /^maesh: no cluster; /);
    });
  });
});

function cleanupOptions(kubeConfig: string): CleanupOptions {
  return {
    kubeConfig,
    masterURL: undefined,
    env: {},
    namespace: namespaces.mesh,
    meshDomains: ['maesh', 'traefik.mesh'],
    leaseName: 'maesh-controller',
    logLevel: 'error',
    logFormat: 'common',
  };
}

function lease(name: string, labels: Readonly<Record<string, string>>): KubeObject {
  const metadata = { name, namespace: namespaces.mesh, labels } as KubeObject['metadata'];
  const spec = { holderIdentity: name, leaseDurationSeconds: 1 };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
}

function service(name: string, labels: Readonly<Record<string, string>>): KubeObject {
  const metadata = { name, namespace: namespaces.mesh, labels } as KubeObject['metadata'];
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } };
}

/** What looks like the mesh's and is not. */
const users: readonly KubeObject[] = [
  service('controller-of-others', { app: 'maesh' }),
  service('shadow-of-others', { type: 'shadow' }),
  lease('lease-of-others', { app: 'other', component: 'controller' }),
  {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'event-of-others', namespace: namespaces.services },
    type: 'Warning',
    reason: 'Other',
    action: 'Other',
    note: 'Not of a mesh',
    regarding: { apiVersion: 'v1', kind: 'Service', name: 'shop', namespace: namespaces.services },
    reportingController: 'other.example/controller',
    reportingInstance: 'other',
    eventTime: '2026-01-01T00:00:00.000000Z',
  },
];

const shadowOfOriginal: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'maesh-shop-6d61657368-store',
    namespace: 'maesh',
    labels: { app: 'maesh', type: 'shadow' },
  } as KubeObject['metadata'],
  spec: { ports: [{ port: 80, targetPort: 5000 }] },
};

/** Lets the limited user do everything but look at Events. */
async function grant(objects: KubeObjects): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const all = ['configmaps', 'services', 'leases', 'deployments', 'daemonsets'];
  await objects.apply(
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'limited' },
      rules: [{ apiGroups: ['', 'apps', 'coordination.k8s.io'], resources: all, verbs: ['*'] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'limited' },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'limited' },
      subjects: [{ kind: 'User', name: 'limited', apiGroup: group }],
    },
  );
}
