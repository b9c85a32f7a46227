// The mesh is put into the Corefile of a real CoreDNS and taken out again while names are asked for: 100,000 look-ups, none
// of which may fail. CoreDNS notices by its plugin `reload`, as in a cluster.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { patchCorefile, restoreCorefile } from '../../src/dns/corefile/patch.ts';
import { startControlPlane } from '../kit/control-plane.ts';
import { usualMesh } from '../kit/dns/corefile-cases.ts';
import { CoreDns } from '../kit/dns/coredns.ts';
import { DnsClient, type DnsAnswer } from '../kit/dns/dns-client.ts';
import { startUpstream } from '../kit/dns/upstream.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { until } from '../kit/until.ts';

const corefile = `.:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . /etc/resolv.conf
    cache 30
    loop
    reload 2s 1s
    loadbalance
}
`;
const ofCluster = 'shop.store.svc.cluster.local';
const ofMesh = 'shop.store.maesh';

/** Look-ups of a name of the cluster and one of the mesh in turn, some at once, until it is told to end. */
class LookUps {
  count = 0;
  /** Whether a mesh name may be answered as what isn't there. */
  meshMayBeUnknown = true;
  #isOver = false;
  readonly #client: DnsClient;

  constructor(client: DnsClient) {
    this.#client = client;
  }

  /** Ends, with an error, at the first that fails. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: 16 }, () => this.#work()));
  }

  end(): void {
    this.#isOver = true;
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      const name = this.count++ % 2 === 0 ? ofCluster : ofMesh;
      const wasUnknown = this.meshMayBeUnknown;
      const { rcode, records } = await this.#client.ask(name).catch((error: unknown) => this.#fail(error));
      const isUnknown = wasUnknown || this.meshMayBeUnknown;
      const mayBeUnknown = name === ofMesh && isUnknown && rcode === 'NXDOMAIN';
      if (records.length !== 1 && !mayBeUnknown) this.#fail(`${name}: ${rcode} ${records.join(', ')}`);
    }
  }

  #fail(cause: unknown): never {
    this.end();
    throw new Error(`Look-up ${this.count} failed`, { cause });
  }
}

function object(kind: 'Namespace' | 'Service', name: string, namespace?: string): KubeObject {
  const metadata = { name, ...(namespace && { namespace }) };
  return { apiVersion: 'v1', kind, metadata, spec: kind === 'Service' ? { ports: [{ port: 80 }] } : {} };
}

test('no look-up fails while the mesh is put into the Corefile and taken out of it', async (context) => {
  await using upstream = await startUpstream('127.123.0.54');
  await using plane = await startControlPlane();
  using objects = new KubeObjects(plane.admin);
  for (const name of ['store', 'maesh']) await objects.apply(object('Namespace', name));
  await objects.apply(object('Service', 'shop', 'store'));
  await objects.apply(object('Service', 'maesh-shop-6d61657368-store', 'maesh'));

  const folder = await mkdtemp(join(tmpdir(), 'maesh-dns-'));
  context.after(() => rm(folder, { recursive: true }));
  const { kubeconfig } = plane;
  const addresses = ['127.123.0.20', '127.123.0.21'] as const;
  await using dns = await CoreDns.start({
    folder,
    kubeconfig,
    upstream,
    addresses,
    program: 'coredns',
    corefile,
  });
  await using client = await DnsClient.open(dns.at(53));
  await dns.ready(async () => (await client.ask(ofCluster, 'A', 200)).rcode === 'NOERROR');

  const lookUps = new LookUps(client);
  const counted = (count: number): Promise<true> =>
    until(`${count} look-ups`, () => (lookUps.count >= count ? true : undefined), 200_000);
  const answered = (rcode: DnsAnswer['rcode']): Promise<true> =>
    until(
      `${rcode} of ${ofMesh}`,
      async () => (await client.ask(ofMesh)).rcode === rcode || undefined,
      60_000,
    );
  const changes = async (): Promise<void> => {
    await counted(10_000);
    const patch = patchCorefile(corefile, usualMesh);
    assert.ok(patch.kind === 'patched');
    await dns.replaceCorefile(patch.result);
    // The old servers answer beside the new ones until they have ended.
    await until('the reload to be complete', () => dns.hasReloaded());
    await answered('NOERROR');
    lookUps.meshMayBeUnknown = false;
    await counted(60_000);
    lookUps.meshMayBeUnknown = true;
    await dns.replaceCorefile(restoreCorefile(patch.result));
    await answered('NXDOMAIN');
    await counted(100_000);
    lookUps.end();
  };
  await Promise.all([lookUps.run(), changes()]);
});
