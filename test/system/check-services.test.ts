// `maesh check` of a cluster, with a real API server and real controllers: each check of the proxies, the services and DNS
// made to fail by the fault that it is there for.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ClusterChecks } from '../kit/cluster-checks.ts';
import { DnsLayoutInCluster } from '../kit/dns-layouts.ts';
import {
  daemonSet,
  dnsPermissions,
  installedIn,
  node,
  permissions,
  proxyPod,
  withoutImage,
} from '../kit/installed-mesh.ts';
import type { KubeObject } from '../kit/kube-objects.ts';
import { RefusingProxy } from '../kit/refusing-proxy.ts';
import { until } from '../kit/until.ts';

describe('maesh check of proxies, services and DNS', () => {
  let checks: ClusterChecks;

  before(async () => {
    checks = await ClusterChecks.start({ nameServer: '127.122.2.1' });
    await checks.installed.mesh.put('late', [{ port: 80 }]);
    await checks.installed.named();
  });
  after(() => checks[Symbol.asyncDispose]());

  it('proxies-installed: no DaemonSet', async () => {
    await checks.during({
      fault: () => checks.delete(daemonSet()),
      look: async () => {
        const skipped = { 'proxies-ready': 'skipped', 'proxies-connected': 'skipped' } as const;
        await checks.found({ 'proxies-installed': 'error', ...skipped });
      },
      mend: () => checks.apply(daemonSet()),
    });
  });

  it('proxies-ready: nodes without a proxy that is ready, but not such as pods are kept from', async () => {
    await checks.during({
      fault: () =>
        checks.apply(proxyPod(2, withoutImage), node('node-3'), {
          ...node('node-4'),
          spec: { unschedulable: true },
        }),
      look: async () => {
        const { message, details } = await checks.found({ 'proxies-ready': 'error' });
        assert.equal(message, 'on 2 of 3 nodes there is none');
        assert.deepEqual(details, [
          'node node-2: pod maesh-mesh-2 is not ready: container c waits: ImagePullBackOff: no such image',
          'node node-3 has no pod of DaemonSet maesh-mesh',
        ]);
      },
      mend: async () => {
        await checks.apply(proxyPod(2));
        await checks.delete(node('node-3'), node('node-4'));
      },
    });
  });

  it('proxies-connected: a proxy that is not', async () => {
    await checks.during({
      fault: async () => checks.installed.proxies.get('maesh-mesh-2')?.[Symbol.dispose](),
      look: async () => {
        const { details } = await checks.found({ 'proxies-connected': 'error' });
        assert.deepEqual(details, ['pod maesh-mesh-2 on node node-2']);
      },
      mend: async () => checks.installed.connect('maesh-mesh-2'),
    });
  });

  it('proxies-current: a proxy that does not take in what it is told', async () => {
    const proxy = checks.installed.proxies.get('maesh-mesh-1') ?? assert.fail('it is connected');
    await checks.during({
      fault: async () => {
        proxy.hold();
        await checks.installed.mesh.put('news', [{ port: 80 }]);
        await checks.installed.named();
      },
      look: async () => {
        const { message, details } = await checks.found({ 'proxies-current': 'error' });
        assert.equal(message, '1 of 2 proxies lack something');
        assert.match(
          details[0] ?? '',
          /^proxy maesh-mesh-1 \(127\.0\.0\.1\), connected to pod maesh-controller-a, has acknowledged state \d+ of \d+$/,
        );
      },
      mend: async () => proxy.letGo(),
    });
  });

  it('shadow-services: one that lacks, one that is left over and one that differs, which nobody may put right', async () => {
    const shadow = (service: string, targetPort: number): KubeObject => {
      const name = `maesh-${service}-6d61657368-store`;
      const labels = { app: 'maesh', type: 'shadow' };
      const metadata = { name, namespace: installedIn.mesh, labels } as KubeObject['metadata'];
      const ports = [{ name: 'port-80', port: 80, targetPort }];
      return { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } };
    };
    const mayNotWrite = permissions((resource) =>
      resource === 'services' ? ['create', 'patch', 'delete'] : [],
    );
    await checks.during({
      fault: async () => {
        await checks.apply(...mayNotWrite);
        await checks.found({ 'controller-permissions': 'error' });
        await checks.delete(shadow('shop', 0));
        await checks.apply(shadow('late', 4999), shadow('gone', 4999));
      },
      look: async () => {
        const seen = await checks.faults();
        const { details } = seen.get('shadow-services') ?? assert.fail('it is found');
        const name = (service: string): string => `shadow Service maesh-${service}-6d61657368-store`;
        assert.deepEqual(details, [
          `${name('late')} of store/late: TCP port 80 leads to mesh port 4999`,
          `${name('shop')} of store/shop: is not there`,
          `${name('gone')} is left over: store/gone is no service of the mesh`,
        ]);
      },
      mend: async () => {
        await checks.apply(...permissions());
        await until(
          'the shadow Services to be put right',
          async () => {
            const names = (await checks.installed.mesh.shadows()).map(({ metadata }) => metadata.name);
            return names.length === 3 && names.every((name) => !name.includes('gone')) ? true : undefined;
          },
          60_000,
        );
        await checks.installed.named();
      },
    });
  });

  it('problems: what is wrong with an object is a warning, and what a proxy refuses an error', async () => {
    const broken = { 'mesh.traefik.io/traffic-type': 'smoke' };
    await checks.during({
      fault: () => checks.installed.mesh.put('late', [{ port: 80 }], broken),
      look: async () => {
        const { message, details } = await checks.found({ problems: 'warning' });
        assert.equal(message, '1 problem');
        assert.match(
          details[0] ?? '',
          /^Service store\/late: .*smoke.* \(MAESH_SERVICE_ANNOTATION\)\. [A-Z]/,
        );
      },
      mend: () =>
        checks.installed.mesh.put('late', [{ port: 80 }], { 'mesh.traefik.io/traffic-type': 'http' }),
    });
    const { xdsPort } = checks.installed.controllers[0] ?? assert.fail('it runs');
    const proxy = new RefusingProxy(xdsPort, 'stubborn', 'late');
    try {
      const seen = await until('it to be refused', async () => (await checks.faults()).get('problems'));
      assert.equal(seen.status, 'error');
      assert.match(seen.details[0] ?? '', /^Service store\/late: proxy stubborn refuses Cluster/);
    } finally {
      proxy[Symbol.dispose]();
    }
    await checks.allWell();
  });

  it('dns-configured: a DNS that may not be told of the mesh, and one of which nothing is known', async () => {
    const { dns, dnsBefore, objects } = checks.installed;
    const configMap = '/api/v1/namespaces/kube-system/configmaps/coredns';
    await checks.during({
      fault: async () => {
        await checks.apply(...dnsPermissions(['list', 'watch']));
        await dns.putBack(dnsBefore);
      },
      look: async () => {
        const { details } = await checks.found({ 'dns-configured': 'error' });
        assert.match(
          details[0] ?? '',
          /^CoreDNS 1\.12\.1 \(Deployment kube-system\/coredns\), .* kube-system\/coredns: .*not allowed/,
        );
      },
      mend: async () => {
        await checks.apply(...dnsPermissions());
        // It would be tried again a minute after it was not allowed, or when the object changes.
        const body = { metadata: { annotations: { touched: 'yes' } } };
        const contentType = 'application/merge-patch+json';
        await objects.send({ method: 'PATCH', path: configMap, body, contentType });
      },
    });
    const metadata = { name: 'coredns', namespace: 'kube-system' };
    await checks.during({
      fault: () => checks.delete({ apiVersion: 'apps/v1', kind: 'Deployment', metadata }),
      look: async () => {
        const { details } = await checks.found({ 'dns-configured': 'warning' });
        assert.ok(details.some((line) => line.includes('maesh')));
      },
      mend: () => DnsLayoutInCluster.setUp(objects, 'kubeadm'),
    });
  });

  it('dns-cluster, dns-mesh: names that lead nowhere, or elsewhere, from where the controllers are', async () => {
    await checks.during({
      fault: async () => checks.installed.nameServer.names.clear(),
      look: async () => {
        const { details } = await checks.found({ 'dns-cluster': 'error', 'dns-mesh': 'skipped' });
        assert.match(
          details[0] ?? '',
          /^maesh-late-6d61657368-store\.maesh\.svc\.cluster\.local, asked for from pod maesh-controller-a: ENOTFOUND instead of 10\.96\./,
        );
      },
      mend: () => checks.installed.named(),
    });
    await checks.during({
      fault: async () => {
        checks.installed.nameServer.names.set('late.store.maesh', ['10.96.9.9']);
        checks.installed.nameServer.names.delete('late.store.traefik.mesh');
      },
      look: async () => {
        const { message, details } = await checks.found({ 'dns-mesh': 'error' });
        assert.equal(message, '4 of 4 answers are wrong');
        assert.match(
          details[0] ?? '',
          /^late\.store\.maesh, asked for from pod maesh-controller-a: 10\.96\.9\.9 instead of 10\.96\./,
        );
        assert.match(details[1] ?? '', /^late\.store\.traefik\.mesh, .*: ENOTFOUND instead of/);
      },
      mend: () => checks.installed.named(),
    });
  });

  it('dns-mesh: a service whose mesh name needs a rule of its own is asked for too', async () => {
    const long = `service-${'x'.repeat(50)}`;
    await checks.installed.mesh.put(long, [{ port: 80 }]);
    await checks.during({
      fault: async () => {
        await checks.installed.named();
        checks.installed.nameServer.names.delete(`${long}.store.maesh`);
      },
      look: async () => {
        const { details } = await checks.found({ 'dns-mesh': 'error' });
        assert.ok(details.every((detail) => detail.startsWith(`${long}.store.maesh, `)));
      },
      mend: () => checks.installed.named(),
    });
  });

  it('mesh-ports: nearly all in use is a warning, none left an error', async () => {
    const put = async (from: number, to: number): Promise<void> => {
      for (let number = from; number <= to; number++)
        await checks.installed.mesh.put(`more-${number}`, [{ port: 80 }]);
      await checks.installed.named();
    };
    await put(1, 5);
    assert.equal((await checks.found({ 'mesh-ports': 'warning' })).message, '9 of 10 http in use');
    await put(6, 6);
    assert.equal((await checks.found({ 'mesh-ports': 'error' })).message, '10 of 10 http in use');
  });
});
