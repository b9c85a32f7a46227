// IP families of services, in clusters of one and of two.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startController } from '../kit/controllers.ts';
import { startControlPlane } from '../kit/control-plane.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import type { SeenRequest } from '../kit/faults/fault.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { steadyLease } from '../kit/steady-lease.ts';
import { until } from '../kit/until.ts';

interface Families {
  readonly ipFamilies: readonly string[];
  readonly ipFamilyPolicy: string;
}

function service(name: string, spec: object): KubeObject {
  const ports = [{ port: 80 }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'store' },
    spec: { ports, ...spec },
  };
}

/** Families of the shadow Services, when there are so many and the last is as it should be. */
async function familiesOf(mesh: MeshInCluster, services: readonly string[]): Promise<readonly string[]> {
  return await until(`the shadow Services of ${services.join()}`, async () => {
    const shadows = await mesh.shadows();
    assert.deepEqual(
      shadows.map(({ metadata }) => metadata.name),
      services.map((name) => `maesh-${name}-6d61657368-store`),
    );
    return shadows.map(({ spec }) => {
      const { ipFamilies, ipFamilyPolicy } = spec as Families;
      return `${ipFamilyPolicy} ${ipFamilies.join()}`;
    });
  });
}

const controllerGiven = { namespace: 'maesh', watchNamespaces: ['store'], leaseTiming: steadyLease };

describe('shadow Services', () => {
  it('are made in a cluster of one family for services that are of two', async () => {
    await using plane = await startControlPlane({
      apiServerArgs: ['--service-cluster-ip-range=10.96.0.0/16'],
    });
    using objects = new KubeObjects(plane.admin);
    const mesh = new MeshInCluster(objects, { mesh: 'maesh', services: 'store' });
    await mesh.prepare();
    const [bare] = await objects.apply(service('bare', { clusterIP: 'None' }), service('plain', {}));
    assert.ok(bare);
    assert.deepEqual((bare['spec'] as Families).ipFamilies, ['IPv4', 'IPv6']);
    const given = { ...controllerGiven, kubeConfig: plane.kubeconfig };
    await using controller = await startController(given);
    assert.deepEqual(await familiesOf(mesh, ['bare', 'plain']), ['PreferDualStack IPv4', 'SingleStack IPv4']);
    assert.deepEqual(
      controller.log.lines.filter(({ level }) => level === 'warn'),
      [],
    );
  });

  it('follow their services from one family to another in a cluster of two', async () => {
    await using plane = await startControlPlane();
    using objects = new KubeObjects(plane.admin);
    const mesh = new MeshInCluster(objects, { mesh: 'maesh', services: 'store' });
    await mesh.prepare();
    const both = { ipFamilyPolicy: 'PreferDualStack' };
    await objects.apply(service('both', both), service('plain', {}));
    const given = { ...controllerGiven, kubeConfig: plane.kubeconfig };
    const families = (): Promise<readonly string[]> => familiesOf(mesh, ['both', 'plain']);
    {
      await using _ = await startController(given);
      assert.deepEqual(await families(), ['PreferDualStack IPv4,IPv6', 'SingleStack IPv4']);
    }
    const ports = await mesh.meshPorts();
    const six = service('plain', { ipFamilies: ['IPv6'] });
    await objects.delete(six);
    await objects.apply(six, service('both', { ipFamilyPolicy: 'SingleStack' }));
    await using controller = await startController(given);
    await until('the families to be those of the services', async () => {
      assert.deepEqual(await families(), ['SingleStack IPv4', 'SingleStack IPv6']);
      return true;
    });
    assert.deepEqual(await mesh.meshPorts(), ports);
    assert.deepEqual(
      controller.log.lines.filter(({ level }) => level === 'warn'),
      [],
    );
  });

  it('keep their mesh ports when a controller ends between taking one away and making it anew', async () => {
    await using plane = await startControlPlane();
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    using objects = new KubeObjects(plane.admin);
    const mesh = new MeshInCluster(objects, { mesh: 'maesh', services: 'store' });
    await mesh.prepare();
    await objects.apply(service('plain', { ipFamilies: ['IPv4'] }));
    const kubeConfig = await plane.writeKubeconfig({ ...plane.admin, url: proxy.url });
    const shadow = 'maesh-plain-6d61657368-store';
    {
      await using _ = await startController({ ...controllerGiven, kubeConfig });
      await familiesOf(mesh, ['plain']);
    }
    const ports = await mesh.meshPorts();
    const six = service('plain', { ipFamilies: ['IPv6'] });
    await objects.delete(six);
    await objects.apply(six);
    {
      const isMaking = ({ method, path }: SeenRequest): boolean =>
        method === 'PATCH' && path.endsWith(shadow);
      using refused = proxy.inject({ kind: 'answer', status: 500, when: isMaking });
      await using _ = await startController({ ...controllerGiven, kubeConfig });
      await until('it to be made anew', () => (refused.hits > 0 ? true : undefined));
    }
    assert.ok((await mesh.shadows()).every(({ metadata }) => metadata.name !== shadow));
    // Gets the lowest port that is free.
    await objects.apply(service('another', { ipFamilies: ['IPv4'] }));
    await using _ = await startController({ ...controllerGiven, kubeConfig });
    const families = ['SingleStack IPv4', 'SingleStack IPv6'];
    assert.deepEqual(await familiesOf(mesh, ['another', 'plain']), families);
    assert.equal((await mesh.meshPorts()).get('plain/80'), ports.get('plain/80'));
  });
});
