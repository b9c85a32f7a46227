// While callers on both nodes call a service by its mesh name, everything is done to the cluster that is done to clusters.
// No request fails.

import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { BusyServices } from '../kit/busy-services.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { mesh, MeshRelease } from '../kit/mesh-release.ts';
import { RunningCluster } from '../kit/running-cluster.ts';

const namespace = 'busy';

suite('while services are called from both nodes, no call fails', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let busy: BusyServices;
  let release: MeshRelease;

  before(async () => {
    busy = await BusyServices.start({ cluster, objects, namespace });
  });
  after(async () => {
    await busy[Symbol.asyncDispose]();
    objects[Symbol.dispose]();
  });

  test('to names of the cluster while the mesh comes, and its names into DNS', (t) =>
    busy.whileCalled(t, 'svc.cluster.local', async () => {
      release = await MeshRelease.install({ cluster, objects });
      await release.named(`shop.${namespace}.maesh`);
      await busy.answered('maesh');
    }));

  test('while their pods are replaced', (t) =>
    busy.whileCalled(t, 'maesh', async () => {
      await cluster.kubectl('--namespace', namespace, 'rollout', 'restart', 'deployment/backend');
      await cluster.rolledOut(namespace, 'deployment/backend');
    }));

  test("while the controller's pods are deleted", (t) =>
    busy.whileCalled(t, 'maesh', async () => {
      await cluster.kubectl('--namespace', mesh, 'delete', 'pods', '--selector=component=controller');
      await cluster.kubectl('--namespace', mesh, 'rollout', 'status', 'deployment/maesh-controller');
    }));

  test('while the proxies are replaced, of which a node hears late', (t) =>
    busy.whileCalled(t, 'maesh', async () => {
      // As after an outage of the API server, whose clients wait up to a minute before they ask again. (Not after one here: they
      // would wait so long once more, since they remember it for two minutes.)
      await cluster.withoutKubeProxy('node1', async () => {
        await cluster.kubectl('--namespace', mesh, 'rollout', 'restart', 'daemonset/maesh-mesh');
        await delay(40_000);
      });
      await cluster.rolledOut(mesh, 'daemonset/maesh-mesh');
    }));

  test('while the API server is away for a minute', (t) =>
    busy.whileCalled(t, 'maesh', async () => {
      await cluster.stopApiServer();
      await delay(60_000);
      await cluster.startApiServer();
      // What Kubernetes makes of a gap, it does within the nodes' grace.
      await delay(20_000);
      await busy.caughtUp();
    }));

  test('while the release is upgraded', (t) =>
    busy.whileCalled(t, 'maesh', async () => {
      await release.upgrade({ logLevel: 'info' });
      for (const what of ['deployment/maesh-controller', 'daemonset/maesh-mesh'])
        await cluster.rolledOut(mesh, what);
    }));

  test('to names of the cluster while the mesh goes, and its names out of DNS', (t) =>
    busy.whileCalled(t, 'svc.cluster.local', async () => {
      await release.uninstall();
      await release.forgotten(`shop.${namespace}.maesh`);
    }));
});
