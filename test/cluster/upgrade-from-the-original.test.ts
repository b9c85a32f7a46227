// A mesh of Maesh 1.3 becomes one of ours, as docs/upgrade-from-maesh.md says, while services are called by their mesh names from
// both nodes. Its proxies are real Traefiks; what its controller would do by itself, the test does for it.

import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { BusyServices } from '../kit/busy-services.ts';
import { chart } from '../kit/chart.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { mesh, MeshRelease } from '../kit/mesh-release.ts';
import { originalChart, writeOriginalImages } from '../kit/original/release.ts';
import { configurationPath, controllerPort } from '../kit/original/stand-in-places.ts';
import { readyPods } from '../kit/pods/test-pod.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { until } from '../kit/until.ts';

const namespace = 'moving';
const dns = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace: 'kube-system' } };

suite('a mesh of the original', () => {
  const cluster = RunningCluster.find();
  const objects = new KubeObjects(cluster.access);
  let busy: BusyServices;
  let release: MeshRelease;

  before(async () => {
    busy = await BusyServices.start({ cluster, objects, namespace });
    await using folder = await mkdtempDisposable(join(tmpdir(), 'maesh-original-'));
    const archive = join(folder.path, 'images.tar');
    await writeOriginalImages(archive);
    await cluster.importImages(archive);
    release = await MeshRelease.begin({ cluster, objects });
    const original = await originalChart(folder.path, 'maesh-2');
    // The original's charts were installed by Helm 3, which knew no server-side apply.
    await cluster.helm('install', mesh, original, '--namespace', mesh, '--server-side=false');
    await objects.apply(...['shop', 'cart', 'feed'].map(shadowService));
    await changeDns(async (corefile) => corefile + (await originalBlock()));
    await configure();
    await release.named(`shop.${namespace}.maesh`);
    await busy.answered('maesh');
  });
  after(async () => {
    await release.uninstall();
    await busy[Symbol.asyncDispose]();
    objects[Symbol.dispose]();
  });

  async function changeDns(change: (corefile: string) => Promise<string>): Promise<void> {
    const { data } = (await objects.get(dns)) as unknown as { data: { Corefile: string } };
    await objects.apply({ ...dns, data: { Corefile: await change(data.Corefile) } });
  }

  /** Tells the proxies what the original's controller would. */
  async function configure(): Promise<void> {
    const [controller] = (
      await readyPods(objects, { namespace: mesh, label: 'component=controller', nodes: 1 })
    ).values();
    const body = JSON.stringify(configurationOf(await busy.backendAddresses()));
    const url = `http://${controller?.address}:${controllerPort}${configurationPath}`;
    await until(
      'the controller to take it',
      async () => (await fetch(url, { method: 'PUT', body })).ok || undefined,
    );
  }

  test('is upgraded in place, and no call fails', (t) =>
    busy.whileCalled(t, 'maesh', async () => {
      await inMesh('delete', 'daemonset', 'maesh-mesh', '--cascade=orphan');
      await inMesh('label', 'pods', '--selector=component=maesh-mesh', 'release-');
      await cluster.kubectl('apply', '--server-side', '--force-conflicts', '--filename', join(chart, 'crds'));
      await release.upgrade({});
      await inMesh('rollout', 'status', 'deployment/maesh-controller', '--timeout=120s');
      await inMesh('rollout', 'status', 'daemonset/maesh-mesh', '--timeout=120s');
      await inMesh(
        'label',
        'pods',
        '--selector=component=maesh-mesh,!release',
        'component=old',
        '--overwrite',
      );
      await delay(10_000);
      await inMesh('delete', 'pods', '--selector=component=old');
      await until('each service to have a mesh port of its own', haveOwnPorts, 120_000);
      // The original's lines knew nothing of this domain.
      await release.named(`shop.${namespace}.traefik.mesh`);
      await busy.answered('traefik.mesh');
    }));

  function inMesh(...args: readonly string[]): Promise<string> {
    return cluster.kubectl('--namespace', mesh, ...args);
  }

  async function haveOwnPorts(): Promise<true | undefined> {
    const ports = await Promise.all(['shop', 'cart', 'feed'].map(meshPort));
    return (new Set(ports).size === ports.length && !ports.includes(undefined)) || undefined;
  }

  async function meshPort(name: string): Promise<unknown> {
    const { spec } = ((await objects.get(shadowService(name))) ?? {}) as {
      readonly spec?: { readonly ports: readonly { readonly targetPort: unknown }[] };
    };
    return spec?.ports[0]?.targetPort;
  }
});

/** What the original made for a service: HTTP services share their first mesh port. */
function shadowService(name: string): KubeObject {
  const port = name === 'feed' ? { port: 9000, targetPort: 10_000 } : { port: 80, targetPort: 5000 };
  const metadata: KubeObject['metadata'] & { labels: object } = {
    name: `${mesh}-${name}-6d61657368-${namespace}`,
    namespace: mesh,
    labels: { app: 'maesh', type: 'shadow' },
  };
  const spec = { ports: [port], selector: { component: 'maesh-mesh' } };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

/** The original's lines of a Corefile, without an option that CoreDNS 1.7 and later refuse. */
async function originalBlock(): Promise<string> {
  const file = join(import.meta.dirname, '..', 'golden-corefiles', 'maesh-1.3', 'Corefile');
  const corefile = await readFile(file, 'utf8');
  return corefile.slice(corefile.indexOf('\n#### Begin')).replace(/^ *upstream\n/m, '');
}

/** Traefik's configuration for services whose pods have these addresses. */
function configurationOf(addresses: readonly string[]): object {
  const http = { loadBalancer: { servers: addresses.map((address) => ({ url: `http://${address}:8080` })) } };
  const tcp = { loadBalancer: { servers: addresses.map((address) => ({ address: `${address}:9000` })) } };
  const route = (name: string): object => ({
    entryPoints: ['http-5000'],
    service: name,
    rule: `Host(\`${name}.${namespace}.maesh\`)`,
  });
  return {
    http: { routers: { shop: route('shop'), cart: route('cart') }, services: { shop: http, cart: http } },
    tcp: {
      routers: { feed: { entryPoints: ['tcp-10000'], service: 'feed', rule: 'HostSNI(`*`)' } },
      services: { feed: tcp },
    },
  };
}
