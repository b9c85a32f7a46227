// The cluster's DNS, written while the connection to the API server fails and others write at the same moment.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { prepareCluster, type PrepareStep } from '../../src/app/prepare.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { DnsLayoutInCluster } from '../kit/dns-layouts.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import type { FaultKind, SeenRequest } from '../kit/faults/fault.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { RunningDnsKeeper } from '../kit/running-dns-keeper.ts';
import { until } from '../kit/until.ts';

const coredns = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'coredns', namespace: 'kube-system' },
};
const mark = '#### Begin Maesh Block';
const isWrite = ({ method, path }: SeenRequest): boolean =>
  method === 'PATCH' && path === '/api/v1/namespaces/kube-system/configmaps/coredns';

describe('the DNS of a cluster', { concurrency: false }, () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let objects: KubeObjects;
  let proxy: FaultProxy;
  let kubeConfig: string;

  before(async () => {
    plane = running.use(await startControlPlane());
    objects = running.use(new KubeObjects(plane.admin));
    proxy = running.use(await FaultProxy.start({ server: plane.admin, serving: plane.serving }));
    kubeConfig = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
  });
  after(() => running.disposeAsync());

  const corefile = async (): Promise<string> => {
    const { data } = (await objects.get(coredns)) as KubeObject & { data: { Corefile: string } };
    return data.Corefile;
  };
  const write = async (ttl: number): Promise<string> => {
    const text = `.:53 {\n    kubernetes cluster.local {\n        ttl ${ttl}\n    }\n    reload\n}\n`;
    await objects.apply({ ...coredns, data: { Corefile: text } });
    return text;
  };
  const isRefused = (request: SeenRequest): boolean => isWrite(request) && request.status === 409;
  /** Has somebody write between what is read and what is written of it; resolves with what they wrote. */
  const writeBetween = async (ttl: number): Promise<string> => {
    const writes = proxy.requests.filter(isWrite).length;
    const stall = proxy.inject({ kind: 'stall', when: isWrite });
    await until('a write', () => proxy.requests.filter(isWrite).length > writes || undefined);
    const text = await write(ttl);
    stall[Symbol.dispose]();
    return text;
  };

  it('keeps what somebody wrote between a look of the leader and its write', async () => {
    await using layout = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const between = writeBetween(1);
    await using keeper = await RunningDnsKeeper.start({ kubeConfig });
    const text = await between;
    await until('DNS to be as it should', () => keeper.isRight || undefined);
    assert.ok((await corefile()).startsWith(`${text}${mark}`), layout.name);
    assert.ok(proxy.requests.some(isRefused));
  });

  it('has its pods replaced for what they had before, too, where the first attempt fails', async () => {
    await using layout = await DnsLayoutInCluster.setUp(objects, 'daemonset');
    const restartedFor = async (): Promise<string | undefined> =>
      (await layout.templateAnnotations())['dns']?.['mesh.traefik.io/dns-restarted-for'];
    const atFirst = await layout.data();
    await using keeper = await RunningDnsKeeper.start({ kubeConfig });
    await until('DNS to be as it should', () => keeper.isRight || undefined);
    const first = await restartedFor();
    const isRestart = ({ method, path }: SeenRequest): boolean =>
      method === 'PATCH' && path.includes('/daemonsets/');
    using failing = proxy.inject({ kind: 'answer', status: 500, when: isRestart, times: 1 });
    await layout.putBack(atFirst);
    await until('pods to be replaced anew', async () => (await restartedFor()) !== first || undefined);
    await until('DNS to be as it should', () => keeper.isRight || undefined);
    assert.equal(failing.hits, 1);
  });

  it('keeps what somebody wrote between a look of maesh prepare and its write', async () => {
    await using layout = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
    const refusals = proxy.requests.filter(isRefused).length;
    const between = writeBetween(2);
    const steps: PrepareStep[] = [];
    const prepared = prepareCluster(
      {
        kubeConfig,
        masterURL: undefined,
        env: {},
        namespace: 'maesh',
        meshDomains: ['maesh'],
        clusterDomain: 'cluster.local',
        restartDNS: false,
        logLevel: 'error',
        logFormat: 'common',
      },
      { signal: new AbortController().signal, onStep: (step) => steps.push(step) },
    );
    const text = await between;
    await prepared;
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ['done'],
      layout.name,
    );
    assert.ok((await corefile()).startsWith(`${text}${mark}`));
    assert.equal(proxy.requests.filter(isRefused).length, refusals + 1);
  });

  const faults: Readonly<Record<string, FaultKind>> = {
    'the server is busy': { kind: 'answer', status: 429, retryAfterSeconds: 1 },
    'the server fails': { kind: 'answer', status: 500 },
    'the connection breaks before the server is asked': { kind: 'cut', at: 'request' },
    'the connection breaks before the answer': { kind: 'cut', at: 'answer' },
  };
  for (const [what, fault] of Object.entries(faults)) {
    it(`is as it should be after ${what}`, async () => {
      await using layout = await DnsLayoutInCluster.setUp(objects, 'kubeadm');
      const met = proxy.inject({ ...fault, when: isWrite, times: 2 });
      await using keeper = await RunningDnsKeeper.start({ kubeConfig });
      await until('DNS to be as it should', () => keeper.isRight || undefined);
      assert.ok((await corefile()).includes(mark), layout.name);
      assert.ok(met.hits >= 1);
      met[Symbol.dispose]();
      const text = await write(3);
      await until(
        'the names to be back',
        async () => (await corefile()).startsWith(`${text}${mark}`) || undefined,
      );
    });
  }
});
