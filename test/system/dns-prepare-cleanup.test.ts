// `maesh prepare` and `maesh cleanup` in clusters as distributions set them up: what DNS is told after the one is on record in
// test/golden-dns-layouts, and after the other it is what it was, byte for byte.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { cleanUp, type CleanupStep } from '../../src/app/cleanup/clean-up.ts';
import { prepareCluster, type PrepareStep } from '../../src/app/prepare.ts';
import type { PrepareOptions } from '../../src/config/options.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { dnsLayouts, DnsLayoutInCluster, type DnsData } from '../kit/dns-layouts.ts';
import { matchGolden } from '../kit/golden/cases.ts';
import type { Plain } from '../kit/golden/plain.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { RecordLog } from '../kit/record-log.ts';

const custom = 'configmaps kube-system/coredns-custom; it reads';
const corefile = 'configmaps kube-system/coredns; it reads';
const deployment = String.raw`\(Deployment kube-system/coredns\)`;
const own = "the mesh's own CoreDNS: .*maesh/coredns; it reads";
const kubeDns = String.raw`kube-dns \(Deployment kube-system/kube-dns\): .*kube-system/kube-dns; it reads`;

/** What is said of each layout: what it is, what holds its configuration, and whether pods have to be replaced. */
const said: Readonly<Record<string, readonly string[]>> = {
  aks: [`CoreDNS 1.11.3 ${deployment}: .*${custom}`],
  daemonset: [
    String.raw`CoreDNS of unknown version \(DaemonSet kube-system/dns\): .*dns-config; its pods are being replaced`,
  ],
  eks: [`CoreDNS 1.11.4 ${deployment}: .*${corefile}`],
  gke: [own, kubeDns],
  k3s: [`CoreDNS 1.12.3 ${deployment}: .*${custom}`],
  'kube-dns': [own, kubeDns],
  kubeadm: [`CoreDNS 1.12.1 ${deployment}: .*${corefile}`],
  'node-local': [
    `CoreDNS 1.12.1 ${deployment}: .*${corefile}`,
    String.raw`NodeLocal DNSCache \(DaemonSet kube-system/node-local-dns\): .*node-local-dns; it reads`,
  ],
  openshift: [own, "OpenShift's DNS operator: .*dnses.operator.openshift.io default; it reads"],
  rke2: [String.raw`CoreDNS 1.12.0 \(Deployment kube-system/rke2-coredns-rke2-coredns\): .*; it reads`],
};

/** What is in the mesh's own block is on record in test/golden-corefiles. */
function withoutBlocks(data: DnsData): DnsData {
  const text = JSON.stringify(data);
  const block = /(#### Begin Maesh Block\\n).*?(#### End Maesh Block)/g;
  return JSON.parse(text.replaceAll(block, '$1...\\n$2')) as DnsData;
}

describe('the DNS of a cluster', { concurrency: false }, () => {
  let plane: ControlPlane;
  let objects: KubeObjects;
  let options: PrepareOptions;
  const { signal } = new AbortController();

  before(async () => {
    plane = await startControlPlane();
    objects = new KubeObjects(plane.admin);
    options = {
      kubeConfig: plane.kubeconfig,
      masterURL: undefined,
      env: {},
      namespace: 'maesh',
      meshDomains: ['maesh', 'traefik.mesh'],
      clusterDomain: 'cluster.local',
      logLevel: 'info',
      logFormat: 'common',
      restartDNS: false,
    };
  });

  after(async () => {
    objects[Symbol.dispose]();
    await plane.stop();
  });

  const prepare = async (given: Partial<PrepareOptions> = {}): Promise<readonly PrepareStep[]> => {
    const steps: PrepareStep[] = [];
    await prepareCluster({ ...options, ...given }, { signal, onStep: (step) => steps.push(step) });
    return steps;
  };
  const clean = async (): Promise<readonly CleanupStep[]> => {
    const steps: CleanupStep[] = [];
    const onStep = (step: CleanupStep): unknown => steps.push(step);
    await cleanUp({ ...options, leaseName: 'maesh-controller' }, { log: new RecordLog(), signal, onStep });
    return steps;
  };
  const isTrouble = ({ kind }: PrepareStep | CleanupStep): boolean => kind !== 'done';

  it('has a layout for each that is said to be known', () => {
    assert.deepEqual(Object.keys(said).toSorted(), dnsLayouts);
  });

  for (const name of dnsLayouts) {
    it(`is told of the mesh, and told no more, as in ${name}`, async () => {
      await using layout = await DnsLayoutInCluster.setUp(objects, name);
      const atFirst = await layout.data();
      const annotations = await layout.templateAnnotations();

      const steps = await prepare();
      assert.deepEqual(steps.filter(isTrouble), []);
      const lines = said[name] ?? [];
      assert.equal(steps.length, lines.length);
      for (const [index, line] of lines.entries())
        assert.match(steps[index]?.text ?? '', new RegExp(`^${line}`));
      const withMesh = await layout.data();
      await matchGolden(
        { name: `golden-dns-layouts/${name}`, folder: layout.folder },
        'with-mesh.yaml',
        withoutBlocks(withMesh) as Plain,
      );

      const again = await prepare();
      assert.ok(
        again.every(({ text }) => text.endsWith("has the mesh's names already")),
        JSON.stringify(again),
      );
      assert.deepEqual(await layout.data(), withMesh);

      assert.deepEqual((await clean()).filter(isTrouble), []);
      assert.deepEqual(await layout.data(), atFirst);
      assert.deepEqual(await layout.templateAnnotations(), annotations);
      assert.deepEqual((await clean()).filter(isTrouble), []);
      assert.deepEqual(await layout.data(), atFirst);
    });
  }

  it('is restarted once where that is asked for, and once more when it is told no more', async () => {
    await using layout = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const [first] = await prepare({ restartDNS: true });
    assert.match(first?.text ?? '', /kube-system\/coredns; its pods are being replaced, as was asked for$/);
    const annotations = await layout.templateAnnotations();
    const [again] = await prepare({ restartDNS: true });
    assert.match(again?.text ?? '', /has the mesh's names already$/);
    assert.deepEqual(await layout.templateAnnotations(), annotations);
    assert.deepEqual((await clean()).filter(isTrouble), []);
    assert.deepEqual(await layout.templateAnnotations(), { coredns: undefined });
  });
});
