// The chart gives the controller, and the clean-up after it, the rights that they need, and no others: installed by Helm into a real
// API server, their command lines work with the tokens of their service accounts, and the audit log says what they asked for.

import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { AuditLog, type AuditEvent } from '../kit/audit.ts';
import { ChartRelease } from '../kit/chart-release.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { DnsLayoutInCluster } from '../kit/dns-layouts.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { isUseOf, rightsOf, rightText } from '../kit/rights.ts';
import { until as untilWithin } from '../kit/until.ts';

const cases = [
  { name: 'mesh-everywhere', store: 'anywhere', dns: 'coredns', values: {} },
  {
    name: 'mesh-of-some',
    store: 'watched',
    dns: 'coredns',
    values: { controller: { watchNamespaces: ['watched'] } },
  },
  { name: 'mesh-with-dns', store: 'handed-on', dns: 'openshift', values: { kubedns: true } },
  // The value that it takes there is forgotten.
  { name: 'mesh-unheard-of', store: 'unheard', dns: 'kube-dns', values: {} },
] as const;

const ports = ['--apiHost=127.120.1.1', '--apiPort=0', '--xdsPort=0', '--logLevel=info'];

/** A machine that does other things besides takes its time. */
function until<T>(what: string, condition: () => Promise<T | undefined>): Promise<T> {
  return untilWithin(what, condition, 60_000);
}

/** What is not asked for within the seconds of a test. */
const unasked: Readonly<Record<string, RegExp>> = {
  'Events are written again every half an hour': /^controller: patch events\.k8s\.io\/events in/,
  'Proxies of the original are deleted 20 s after they were taken out of the mesh':
    /^controller: delete \/pods in/,
};

const components = ['controller', 'cleanup'];
/** Every right of some release, and whether it was used in one. */
const used = new Map<string, boolean>();
let audit: AuditLog;
let plane: ControlPlane;
let objects: KubeObjects;

before(async () => {
  const users = cases.flatMap(({ name }) =>
    components.map((component) => `system:serviceaccount:${name}:maesh-${component}`),
  );
  audit = await AuditLog.create(users);
  // Lists as older servers give them: by a request of their own, and not as the beginning of a watch.
  plane = await startControlPlane({ apiServerArgs: audit.apiServerArgs, featureGates: { WatchList: false } });
  objects = new KubeObjects(plane.admin);
});

after(async () => {
  objects[Symbol.dispose]();
  await plane.stop();
  await rm(audit.folder, { recursive: true });
});

for (const { name, store, dns: dnsName, values } of cases) {
  describe(`rights of the release ${name}`, () => {
    let release: ChartRelease;
    let asked: readonly AuditEvent[];

    before(async () => {
      await using dns = await setUpDns(dnsName);
      const mesh = new MeshInCluster(objects, { mesh: name, services: store });
      await mesh.prepare();
      const names = { dns: { configMaps: ['dns-config'], workloads: ['dns'] } };
      release = await ChartRelease.install({ plane, objects, name, values: { ...values, ...names } });
      await release.withController(ports, () => work(mesh, dns.isDone));
      await release.uninstall();
      const { code, stdout, stderr } = await release.runCleanup();
      assert.equal(code, 0, stdout + stderr);
      const all = await audit.events();
      asked = all.filter(({ user }) => user.username.startsWith(`system:serviceaccount:${name}:`));
    });

    it('are enough', () => {
      assert.ok(asked.length > 0);
      const refused = asked.filter(({ responseStatus }) => responseStatus?.code === 403);
      assert.deepEqual(
        refused.map(({ user, verb, requestURI }) => `${user.username} ${verb} ${requestURI}`),
        [],
      );
    });

    it('are looked at', () => {
      for (const component of components) {
        const roles = release.made.filter(({ metadata }) => labelsOf(metadata)['component'] === component);
        const uses = asked.filter(({ user }) => user.username.endsWith(`:maesh-${component}`));
        for (const right of rightsOf(roles)) {
          const text = `${component}: ${rightText(right).replace(name, 'the mesh').replace(store, 'its services')}`;
          used.set(text, used.get(text) === true || uses.some((event) => isUseOf(right, event)));
        }
      }
    });
  });
}

it('rights are all used in some release', () => {
  const unused = [...used].filter(([, isUsed]) => !isUsed).map(([text]) => text);
  assert.deepEqual(
    unused.filter((text) => !Object.values(unasked).some((pattern) => pattern.test(text))),
    [],
  );
});

function labelsOf(metadata: KubeObject['metadata'] | undefined): Readonly<Record<string, string>> {
  return (metadata as { readonly labels?: Readonly<Record<string, string>> } | undefined)?.labels ?? {};
}

/** Gives the controller everything to do that it may ever do, and leaves something for the clean-up. */
async function work(mesh: MeshInCluster, isDnsDone: () => Promise<true | undefined>): Promise<void> {
  const { services } = mesh.namespaces;
  const [one, both] = [
    [{ name: 'a', port: 80 }],
    [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  ];
  const wrong = { 'mesh.traefik.io/retry-attempts': 'many' };
  const hasPort = async (key: string): Promise<true | undefined> =>
    (await mesh.meshPorts()).has(key) || undefined;
  await objects.apply(...originalAndOurs(mesh.namespaces.mesh));
  await mesh.put('shop-v1', both);
  await mesh.put('shop', one);
  await until('a port', () => hasPort('shop/80'));
  await mesh.put('shop', both, wrong);
  await until('the new port', () => hasPort('shop/81'));
  await until('the Event', async () => (await events(services)) === 1 || undefined);
  await mesh.put('shop', both);
  await until('the Event to go', async () => (await events(services)) === 0 || undefined);
  await putSplit(services, 'nobody');
  await until('the status', async () => (await conditions(services)) === 1 || undefined);
  await mesh.put('gone', one);
  await until('its port', () => hasPort('gone/80'));
  await mesh.remove('gone');
  await until('it to go', async () => ((await hasPort('gone/80')) ? undefined : true));
  await until('the Leases to be looked at', async () => {
    const isList = ({ verb, objectRef }: AuditEvent): boolean =>
      verb === 'list' && objectRef?.resource === 'leases' && objectRef.namespace === mesh.namespaces.mesh;
    return (await audit.events()).some(isList) || undefined;
  });
  await until('DNS to know the mesh', isDnsDone);
  const [original] = originalAndOurs(mesh.namespaces.mesh);
  const labels = async (): Promise<unknown> => labelsOf((await objects.get(original))?.metadata)['component'];
  await until("the original's proxy to be taken out of the mesh", async () =>
    (await labels()) === 'relieved-proxy' ? true : undefined,
  );
}

/** A proxy of the original, and one of ours that is ready on its node. */
function originalAndOurs(namespace: string): readonly [KubeObject, KubeObject] {
  const pod = (name: string, args: readonly string[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { component: 'maesh-mesh' } } as KubeObject['metadata'],
    spec: { nodeName: 'node', containers: [{ name: 'proxy', image: 'localhost/proxy', args }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const url = 'http://maesh-controller:9000/api/configuration/current';
  return [pod('traefik', ['proxy', `--endpoint=${url}`]), pod('envoy', [])];
}

/** How many Events there are of ours: an API server that is behind with addresses writes some on Services, too. */
async function events(services: string): Promise<number> {
  const all = await objects.list(`/apis/events.k8s.io/v1/namespaces/${services}/events`);
  return all.filter(({ reportingController }) => String(reportingController).startsWith('mesh.traefik.io/'))
    .length;
}

function split(services: string): KubeObject {
  const metadata = { name: 'canary', namespace: services };
  return { apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', metadata };
}

async function putSplit(services: string, backend: string): Promise<void> {
  const spec = { service: 'shop', backends: [{ service: backend, weight: 1 }] };
  await objects.apply({ ...split(services), spec });
}

async function conditions(services: string): Promise<number | undefined> {
  const { status } = ((await objects.get(split(services))) ?? {}) as {
    readonly status?: { readonly conditions?: readonly unknown[] };
  };
  return status?.conditions?.length ?? 0;
}

interface Dns extends AsyncDisposable {
  /** Has done to it what may ever have to be done, and says whether that has happened. */
  readonly isDone: () => Promise<true | undefined>;
}

/** Sets up a DNS that can be told of the mesh itself, or one that can only hand its names on. */
async function setUpDns(name: (typeof cases)[number]['dns']): Promise<Dns> {
  if (name !== 'coredns') {
    const layout = await DnsLayoutInCluster.setUp(objects, name);
    const isDone = { openshift: () => isHandedOn(layout), 'kube-dns': isOwnDnsLookedFor }[name];
    return { isDone, [Symbol.asyncDispose]: () => layout[Symbol.asyncDispose]() };
  }
  const made = await objects.applyYaml(
    await readFile(join(import.meta.dirname, 'rights', 'dns.yaml'), 'utf8'),
  );
  const [corefile] = made;
  assert.ok(corefile);
  const custom = { ...corefile, metadata: { ...corefile.metadata, name: 'coredns-custom' } };
  const isAway = async (): Promise<true | undefined> =>
    (await objects.get(custom)) === undefined ? true : undefined;
  return {
    isDone: async () => {
      const { data } = corefile as unknown as { readonly data: { readonly Corefile: string } };
      await until('the names to be imported', async () => ((await isAway()) ? undefined : true));
      await objects.apply({ ...corefile, data: { Corefile: data.Corefile.replace(/^import.*$/mu, '') } });
      await until('them to be in the Corefile', isAway);
      await objects.apply(corefile);
      return await until('the names to be imported again', async () => ((await isAway()) ? undefined : true));
    },
    [Symbol.asyncDispose]: () => objects.delete(...made),
  };
}

async function isHandedOn(layout: DnsLayoutInCluster): Promise<true | undefined> {
  return JSON.stringify(await layout.data()).includes('"zones":["maesh"') || undefined;
}

/** Whether the last release has asked for the CoreDNS that it doesn't have. */
async function isOwnDnsLookedFor(): Promise<true | undefined> {
  const { name } = cases.at(-1) ?? assert.fail();
  const own = `/namespaces/${name}/configmaps?fieldSelector=metadata.name%3Dcoredns-custom`;
  return (await audit.events()).some(({ requestURI }) => requestURI.includes(own)) || undefined;
}
