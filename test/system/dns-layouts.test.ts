// Every Corefile of test/golden-corefiles with the mesh in it, loaded by real CoreDNS of several versions before a real API
// server, and asked for names.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import type { MeshDns } from '../../src/dns/corefile/mesh-dns.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { corefileCases, patchCase, withFiles, type CorefileCase } from '../kit/dns/corefile-cases.ts';
import { CoreDns, type Surroundings } from '../kit/dns/coredns.ts';
import { DnsClient, type DnsAddress } from '../kit/dns/dns-client.ts';
import { startUpstream, type Upstream } from '../kit/dns/upstream.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';

const programs = ['coredns-1.6', 'coredns-1.13', 'coredns'];
const cases = corefileCases();
/** What an older version doesn't load even without the mesh: kubeadm's has options that came with 1.10. */
const isTooNew = (name: string, program: string): boolean => name === 'kubeadm' && program === 'coredns-1.6';
/** Which ports a case answers on, as written; where it isn't only the usual one. */
const ports: Readonly<Record<string, readonly number[]>> = {
  'every-liberty': [53, 1053],
  'other-domains': [5353],
};
const [nodeAddress, serviceAddress] = ['127.123.20.10', '127.123.96.10'];

let plane: ControlPlane;
let upstream: Upstream;
let root: string;
/** First ClusterIPs of the Services, by name. */
const addresses = new Map<string, string>();

function service(namespace: string, name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { ipFamilyPolicy: 'PreferDualStack', ports: [{ name: 'http', port: 80 }] },
  };
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'maesh-dns-'));
  [plane, upstream] = await Promise.all([startControlPlane(), startUpstream('127.123.0.53')]);
  using objects = new KubeObjects(plane.admin);
  for (const namespace of ['store', 'maesh', 'mesh-system'])
    await objects.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const services = [
    service('store', 'shop'),
    ...meshes().flatMap(({ namespace, longNames }) =>
      [shadowOfShop(namespace), ...longNames.values()].map((name) => service(namespace, name)),
    ),
  ];
  for (const each of services) {
    const [{ spec }] = (await objects.apply(each)) as unknown as [{ spec: { clusterIP: string } }];
    addresses.set(each.metadata.name, spec.clusterIP);
  }
});

after(async () => {
  await Promise.all([plane.stop(), upstream[Symbol.asyncDispose]()]);
  await rm(root, { recursive: true });
});

/** The meshes of all cases, each once. */
function meshes(): MeshDns[] {
  return [...new Map(cases.map(({ mesh }) => [mesh.namespace, mesh])).values()];
}

function shadowOfShop(namespace: string): string {
  return `${namespace}-shop-6d61657368-store`;
}

function surroundings(folder: string, clusterDns?: DnsAddress): Surroundings {
  return {
    folder: join(root, folder),
    kubeconfig: plane.kubeconfig,
    upstream,
    addresses: [nodeAddress, serviceAddress],
    ...(clusterDns && { clusterDns }),
  };
}

async function start(each: CorefileCase, program: string, clusterDns?: DnsAddress): Promise<CoreDns> {
  const { corefile, custom } = withFiles(each, patchCase(each));
  const around = surroundings(`${each.name}-${program}`, clusterDns);
  return CoreDns.start({ ...around, program, corefile, custom });
}

/** Waits until a server knows the cluster. */
async function opened(dns: CoreDns, server: DnsAddress, { clusterDomain }: MeshDns): Promise<DnsClient> {
  const client = await DnsClient.open(server);
  const name = `shop.store.svc.${clusterDomain}`;
  await dns.ready(async () => (await client.ask(name, 'A', 200)).rcode === 'NOERROR');
  return client;
}

async function assertNames(client: DnsClient, mesh: MeshDns): Promise<void> {
  const { namespace, clusterDomain, longNames } = mesh;
  const ip = addresses.get(shadowOfShop(namespace));
  const shadow = `${shadowOfShop(namespace)}.${namespace}.svc.${clusterDomain}`;
  for (const domain of mesh.domains) {
    const shop = `shop.store.${domain}`;
    const a = await client.ask(shop);
    assert.deepEqual([a.rcode, a.records], ['NOERROR', [`${shop} A ${ip}`]]);
    assert.ok(a.ttl !== undefined && a.ttl > 0 && a.ttl <= 30, `a TTL of ${a.ttl} s`);
    // CoreDNS 1.6 knows only one family.
    const ip6 = (await client.ask(shadow, 'AAAA')).records;
    assert.deepEqual(
      (await client.ask(shop, 'AAAA')).records,
      ip6.map((record) => record.replace(shadow, shop)),
    );
    assert.deepEqual((await client.askByTcp(shop)).records, [`${shop} A ${ip}`]);

    const spelt = await client.ask(`SHOP.Store.${domain.toUpperCase()}`);
    assert.equal(spelt.question, `SHOP.Store.${domain.toUpperCase()}`);
    assert.deepEqual(
      spelt.records.map((each) => each.toLowerCase()),
      [`${shop} a ${ip}`],
    );

    const srv = await client.ask(`_http._tcp.${shop}`, 'SRV');
    assert.match(srv.records.join(), new RegExp(`^_http._tcp.${shop} SRV .*"port":80,`));
    assert.equal((await client.ask(`_grpc._tcp.${shop}`, 'SRV')).rcode, 'NXDOMAIN');

    for (const [name, shadow] of longNames) {
      const expected = [`${name}.${domain} A ${addresses.get(shadow)}`];
      assert.deepEqual((await client.ask(`${name}.${domain}`)).records, expected);
    }
    const nothing = [
      'no',
      'no.store',
      'x.shop.store',
      'shop.svc.store',
      'shop.store.svc',
      `${'n'.repeat(63)}.store`,
      '',
    ];
    for (const name of nothing) {
      const answer = await client.ask(`${name}.${domain}`.replace(/^\./, ''));
      assert.deepEqual([name, answer.rcode, answer.records], [name, 'NXDOMAIN', []]);
    }
    // As the search list of a pod has it.
    assert.equal((await client.ask(`${shop}.store.svc.${clusterDomain}`)).rcode, 'NXDOMAIN');
  }
  assert.equal((await client.ask(`shop.store.svc.${clusterDomain}`)).records.length, 1);
}

for (const program of programs) {
  suite(program, { concurrency: 4 }, () => {
    for (const each of cases.filter(({ name }) => name !== 'node-local' && !isTooNew(name, program))) {
      test(`answers mesh names with the Corefile of ${each.name}`, async () => {
        await using dns = await start(each, program);
        for (const port of ports[each.name] ?? [53]) {
          await using client = await opened(dns, dns.at(port), each.mesh);
          await assertNames(client, each.mesh);
        }
      });
    }

    test('answers mesh names on each node, where the cluster is asked for them', async () => {
      const [cluster, node] = ['eks', 'node-local'].map((name) => cases.find((each) => each.name === name));
      assert.ok(cluster !== undefined && node !== undefined);
      await using clusterDns = await start({ ...cluster, name: 'cluster-of-node-local' }, program);
      await using local = await start(node, program, clusterDns.at(53));
      await using client = await opened(local, local.at(53, nodeAddress), node.mesh);
      await assertNames(client, node.mesh);
    });
  });
}

test('no mesh name is asked for outside of the cluster', () => {
  const domains = meshes().flatMap(({ domains }) => domains);
  assert.deepEqual(
    upstream.asked.filter((name) => domains.some((domain) => name.toLowerCase().endsWith(domain))),
    [],
  );
});
