// A mesh of Maesh 1.3, and one of Traefik Mesh 1.4, becomes one of ours by `helm upgrade`, while services are called by their mesh
// names from both nodes. Its proxies are real Traefiks; what its controller would do by itself, the test does for it.

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { BusyServices } from '../kit/busy-services.ts';
import { chart } from '../kit/chart.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { mesh, MeshRelease } from '../kit/mesh-release.ts';
import { leftBlocks, leftConfiguration, leftShadow, type LeftService } from '../kit/original/left.ts';
import { originalChart, writeOriginalImages } from '../kit/original/release.ts';
import { configurationPath, controllerPort } from '../kit/original/stand-in-places.ts';
import { readyPods } from '../kit/pods/test-pod.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const originals = [
  {
    what: 'a mesh of Maesh 1.3, of the chart maesh 2.x',
    originalName: 'maesh-2',
    name: 'maesh',
    domains: ['maesh'],
    corefile: 'maesh-1.3',
  },
  {
    what: 'a mesh of Traefik Mesh 1.4, of the chart traefik-mesh 3.x',
    originalName: 'traefik-mesh-3',
    name: 'traefik-mesh',
    domains: ['maesh', 'traefik.mesh'],
    corefile: 'traefik-mesh-1.4',
  },
] as const;

const namespace = 'moving';
const dns = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace: 'kube-system' } };

before(async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'maesh-original-'));
  const archive = join(folder.path, 'images.tar');
  await writeOriginalImages(archive);
  await RunningCluster.find().importImages(archive);
});

for (const { what, originalName, name, domains, corefile } of originals)
  suite(what, () => {
    const cluster = RunningCluster.find();
    const objects = new KubeObjects(cluster.access);
    let busy: BusyServices;
    let release: MeshRelease;

    before(async () => {
      busy = await BusyServices.start({ cluster, objects, namespace });
      await using folder = await mkdtempDisposable(join(tmpdir(), 'maesh-original-'));
      release = await MeshRelease.begin({ cluster, objects, name });
      const original = await originalChart(folder.path, originalName);
      // The original's charts were installed by Helm 3, which knew no server-side apply.
      await cluster.helm('install', name, original, '--namespace', mesh, '--server-side=false');
      const services = leftServices(await busy.backendAddresses());
      await objects.apply(...services.map((service) => leftShadow(service, mesh)));
      await addToDns(await leftBlocks(corefile));
      await restartDns();
      await configure(leftConfiguration(services, domains));
      await release.proxies();
      for (const domain of domains) {
        await release.named(`shop.${namespace}.${domain}`);
        await busy.answered(domain);
      }
    });
    after(async () => {
      await release.uninstall();
      await restartDns();
      await busy[Symbol.asyncDispose]();
      objects[Symbol.dispose]();
    });

    async function addToDns(blocks: string): Promise<void> {
      const { data } = (await objects.get(dns)) as unknown as { data: { Corefile: string } };
      await objects.apply({ ...dns, data: { Corefile: data.Corefile + blocks } });
    }

    /** As the original did. It is sooner over than until CoreDNS reads its configuration by itself. */
    async function restartDns(): Promise<void> {
      await cluster.kubectl('--namespace', 'kube-system', 'rollout', 'restart', 'deployment/coredns');
      await cluster.rolledOut('kube-system', 'deployment/coredns');
    }

    /** Tells the proxies what the original's controller would. */
    async function configure(configuration: object): Promise<void> {
      const [controller] = (
        await readyPods(objects, { namespace: mesh, label: 'component=controller', nodes: 1 })
      ).values();
      const body = JSON.stringify(configuration);
      const url = `http://${controller?.address}:${controllerPort}${configurationPath}`;
      await until(
        'the controller to take it',
        async () => (await fetch(url, { method: 'PUT', body })).ok || undefined,
      );
    }

    // An ending Traefik closes kept connections at once, now and then with a request under way.
    test('is upgraded in place, and no call fails', (t) =>
      busy.whileCalled(t, domains, upgrade, { sendsAgain: true }));

    async function upgrade(): Promise<void> {
      const crds = ['--server-side', '--force-conflicts', '--filename', join(chart, 'crds')];
      await cluster.kubectl('apply', ...crds);
      await release.upgrade({});
      await until('all pods of the mesh to be ours', areOurs, 120_000);
      await until('each service to have a mesh port of its own', haveOwnPorts, 120_000);
      // The lines of 1.3 knew nothing of this domain.
      await release.named(`shop.${namespace}.traefik.mesh`);
      await busy.answered('traefik.mesh');
    }

    async function areOurs(): Promise<true | undefined> {
      const pods = (await objects.list(`/api/v1/namespaces/${mesh}/pods`)) as readonly PodObject[];
      const images = pods.flatMap(({ spec }) => spec.containers.map(({ image }) => image));
      return images.every((image) => /^(maesh\/maesh|envoyproxy\/envoy):/u.test(image)) || undefined;
    }

    async function haveOwnPorts(): Promise<true | undefined> {
      const shadows = leftServices([]).map((service) => leftShadow(service, mesh));
      const ports = await Promise.all(shadows.map(meshPort));
      return (new Set(ports).size === ports.length && !ports.includes(undefined)) || undefined;
    }

    async function meshPort(shadow: KubeObject): Promise<unknown> {
      const { spec } = ((await objects.get(shadow)) ?? {}) as {
        readonly spec?: { readonly ports: readonly { readonly targetPort: unknown }[] };
      };
      return spec?.ports[0]?.targetPort;
    }
  });

interface PodObject extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
}

/** The services that are called, with pods of these addresses. */
function leftServices(addresses: readonly string[]): readonly LeftService[] {
  const http = (name: string): LeftService => ({
    name,
    namespace,
    traffic: 'http',
    port: 80,
    endpoints: addresses.map((address) => `${address}:8080`),
  });
  const endpoints = addresses.map((address) => `${address}:9000`);
  return [http('shop'), http('cart'), { name: 'feed', namespace, traffic: 'tcp', port: 9000, endpoints }];
}
