// The client and its credentials before a real API server: who it is taken for and when that changes, what it writes,
// what it finds out, and who holds a Lease.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';

import { resolveAccess, type AccessOptions } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { isServed, servedVersions, serverVersion } from '../../src/kube/discovery.ts';
import { LeaseElector } from '../../src/kube/lease.ts';
import { leases, leaseStore } from '../../src/kube/lease-record.ts';
import { findExecutable } from '../../tools/cluster/binaries.ts';
import { kubeconfigText } from '../kit/cluster/kubeconfig.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { failureOf } from '../kit/kube-answers.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { RecordLog } from '../kit/record-log.ts';
import { until } from '../kit/until.ts';

const run = promisify(execFile);
const services = { group: '', version: 'v1', plural: 'services' };

suite('a client of a real API server', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let kube: KubeObjects;

  before(async () => {
    const tokens = ['alice', 'bob'].map((user) => ({ token: `${user}-token`, user }));
    plane = running.use(await startControlPlane({ tokens }));
    kube = running.use(new KubeObjects(plane.admin));
    await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  });
  after(() => running.disposeAsync());

  async function client(options: Partial<AccessOptions>): Promise<KubeClient> {
    const made = new KubeClient({ access: await resolveAccess({ env: {}, ...options }) });
    running.defer(() => made.close());
    return made;
  }

  async function admin(): Promise<KubeClient> {
    return await client({ kubeConfig: plane.kubeconfig });
  }

  /** Whom the server takes a client for: nobody here may read secrets. */
  async function userOf(who: KubeClient): Promise<string> {
    const { message } = await failureOf(
      who.get({ type: { ...services, plural: 'secrets' }, namespace: 'shop', name: 'x' }),
    );
    return /User "([^"]*)"/.exec(message)?.[1] ?? message;
  }

  test('follows a rotated token of the pod, at once when the old one is refused', async () => {
    const folder = join(plane.folder, 'pod');
    await mkdir(folder);
    await writeFile(join(folder, 'ca.crt'), plane.admin.ca);
    await writeFile(join(folder, 'token'), 'expired');
    const { hostname, port } = new URL(plane.url);
    const pod = await client({
      env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      serviceAccountFolder: folder,
      freshMs: 3_600_000,
    });
    await writeFile(join(folder, 'token'), 'alice-token\n');
    assert.equal(await userOf(pod), 'alice');
    await writeFile(join(folder, 'token'), 'bob-token\n');
    assert.equal(await userOf(pod), 'alice');
    const hasty = await client({
      env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      serviceAccountFolder: folder,
      freshMs: 0,
    });
    assert.equal(await userOf(hasty), 'bob');
    await writeFile(join(folder, 'token'), 'alice-token\n');
    assert.equal(await userOf(hasty), 'alice');
    await writeFile(join(folder, 'token'), 'nonsense');
    assert.match(await userOf(hasty), /does not accept the credentials/);
  });

  test('follows a rotated client certificate and another server address', async () => {
    const [carol, dave] = await Promise.all(
      ['carol', 'dave'].map((commonName) => plane.authority.issue({ commonName })),
    );
    assert.ok(carol !== undefined && dave !== undefined);
    const file = await plane.writeKubeconfig({ certificate: carol });
    const user = await client({ kubeConfig: file, freshMs: 0 });
    assert.equal(await userOf(user), 'carol');
    await writeFile(file, kubeconfigText({ ...plane.admin, certificate: dave }));
    assert.equal(await userOf(user), 'dave');
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    await writeFile(file, kubeconfigText({ url: proxy.url, ca: plane.admin.ca, token: 'bob-token' }));
    assert.equal(await userOf(user), 'bob');
    assert.equal(proxy.requests.length, 1);
    user.close();
  });

  test('runs a credential plugin again when the server refuses what it gave', async () => {
    const folder = join(plane.folder, 'plugin');
    await mkdir(folder);
    await writeFile(join(folder, 'token'), 'expired');
    const script = `printf '{"kind":"ExecCredential","status":{"token":"%s"}}' "$(cat ${join(folder, 'token')})"`;
    const config = JSON.parse(kubeconfigText(plane.admin)) as { users: object[] };
    config.users = [{ name: 'test', user: { exec: { command: 'sh', args: ['-c', script] } } }];
    await writeFile(join(folder, 'config'), JSON.stringify(config));
    const user = await client({ kubeConfig: join(folder, 'config'), env: process.env });
    await writeFile(join(folder, 'token'), 'alice-token');
    assert.equal(await userOf(user), 'alice');
  });

  test('does not trust a server that another authority signed, and says so', async () => {
    const file = await plane.writeKubeconfig({});
    const config = JSON.parse(kubeconfigText(plane.admin)) as {
      clusters: { cluster: Record<string, unknown> }[];
    };
    delete config.clusters[0]?.cluster['certificate-authority-data'];
    await writeFile(file, JSON.stringify(config));
    const error = await failureOf(serverVersion(await client({ kubeConfig: file })));
    assert.equal(error.reason, 'Unreachable');
    assert.match(error.message, /no connection to 127\.\S+ \(.*certificate.*\)/);
  });

  test('reads several kubeconfigs as kubectl does', async () => {
    const files = ['one', 'two'].map((name) => join(plane.folder, `merge-${name}`));
    const [one = '', two = ''] = files;
    const config = (server: string, token: string, more: object): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server } }],
        users: [{ name: 'u', user: { token } }],
        ...more,
      });
    await writeFile(one, config('https://one.test', 'token-one', { users: [] }));
    const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
    await writeFile(two, config('https://two.test', 'token-two', { contexts, 'current-context': 'x' }));
    for (const list of [`${one}:${two}`, `${two}:${one}`, `${one}-none:${two}`, `:${two}:${two}`]) {
      const env = { KUBECONFIG: list, HOME: plane.folder };
      const view = ['config', 'view', '--minify', '--raw', '-o', 'json'];
      const { stdout } = await run(findExecutable('kubectl'), view, { env });
      const wanted = JSON.parse(stdout) as {
        clusters: { cluster: { server: string } }[];
        users: { user: { token: string } }[];
      };
      const { server, headers } = await (await resolveAccess({ env })).credentials();
      assert.equal(server.href, `${wanted.clusters[0]?.cluster.server}/`);
      assert.equal(headers['authorization'], `Bearer ${wanted.users[0]?.user.token}`);
    }
  });

  test('writes as it says: creates, applies, patches and deletes, each under its condition', async () => {
    const user = await admin();
    const name = { type: services, namespace: 'shop', name: 'a' };
    const service = (
      targetPort: number,
      labels: Record<string, string> = {},
    ): Parameters<KubeClient['create']>[1] => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'a', labels },
      spec: { ports: [{ port: 80, targetPort }] },
    });
    const applied = await user.apply(services, service(5_000, { a: '1' }));
    assert.equal((await failureOf(user.create(services, service(1)))).reason, 'AlreadyExists');
    const other = { metadata: { labels: { other: 'x' } }, spec: { ports: [{ port: 80, targetPort: 7 }] } };
    const patched = await user.patch(name, other);
    assert.equal(
      (await failureOf(user.patch(name, other, { resourceVersion: applied.metadata.resourceVersion })))
        .reason,
      'Conflict',
    );
    const again = await user.apply(services, service(5_001));
    assert.deepEqual(again.metadata['labels'], { other: 'x' });
    assert.equal((again['spec'] as { ports: { targetPort: number }[] }).ports[0]?.targetPort, 5_001);
    assert.equal(
      (await user.apply(services, service(5_001))).metadata.resourceVersion,
      again.metadata.resourceVersion,
    );
    const wrong = [
      { uid: '00000000-0000-0000-0000-000000000000' },
      { resourceVersion: patched.metadata.resourceVersion },
    ];
    for (const condition of wrong)
      assert.equal((await failureOf(user.delete(name, condition))).reason, 'Conflict');
    await user.delete(name, {
      uid: again.metadata.uid ?? '',
      resourceVersion: again.metadata.resourceVersion,
    });
    assert.equal((await failureOf(user.delete(name))).reason, 'NotFound');
    assert.equal((await failureOf(user.get(name))).status, 404);
    assert.deepEqual(await user.list({ type: services, namespace: 'shop' }), []);
  });

  test('finds out what the server is and serves', async () => {
    const user = await admin();
    const version = await serverVersion(user);
    assert.equal(version.major, 1);
    assert.ok(version.minor >= 30);
    assert.match(version.text, /^v1\.\d+/);
    assert.deepEqual(await servedVersions(user, 'discovery.k8s.io'), ['v1']);
    assert.deepEqual(await servedVersions(user, 'split.smi-spec.io'), []);
    assert.equal(await isServed(user, leases), true);
    assert.equal(await isServed(user, { ...leases, plural: 'trafficsplits' }), false);
    assert.equal(
      await isServed(user, { group: 'split.smi-spec.io', version: 'v1', plural: 'trafficsplits' }),
      false,
    );
  });

  test('two replicas share a Lease: one leads, and the other when that is cut off or stops', async () => {
    await using proxy = await FaultProxy.start({ server: plane.admin, serving: plane.serving });
    const viaProxy = await client({ kubeConfig: await plane.writeKubeconfig({ url: proxy.url }) });
    const leading = new Set<string>();
    const timing = { leaseMs: 2_000, renewDeadlineMs: 1_500, retryMs: 200 };
    const start = (
      identity: string,
      user: KubeClient,
    ): { elector: LeaseElector; stop: () => Promise<void> } => {
      const elector = new LeaseElector({
        store: leaseStore(user, { namespace: 'shop', name: 'controller' }),
        identity,
        lead: async (signal) => {
          assert.equal(leading.size, 0, `${[...leading].join()} leads too`);
          leading.add(identity);
          if (!signal.aborted) await once(signal, 'abort');
          leading.delete(identity);
        },
        log: new RecordLog(),
        timing,
      });
      const stop = new AbortController();
      const done = elector.run(stop.signal);
      return {
        elector,
        stop: async () => {
          stop.abort();
          await done;
        },
      };
    };
    const a = start('a', viaProxy);
    await until('a to lead', () => leading.has('a') || undefined);
    const b = start('b', await admin());
    await until('b to know', () => b.elector.leader === 'a' || undefined);
    proxy.receive('reset');
    proxy.cut();
    await until('b to lead', () => leading.has('b') || undefined);
    assert.ok(!a.elector.isLeading);
    proxy.mend();
    await until('a to know', () => a.elector.leader === 'b' || undefined);
    await b.stop();
    await until('a to lead again', () => leading.has('a') || undefined);
    const { spec } = await (await admin()).get({ type: leases, namespace: 'shop', name: 'controller' });
    assert.partialDeepStrictEqual(spec, {
      holderIdentity: 'a',
      leaseTransitions: 2,
      leaseDurationSeconds: 2,
    });
    await a.stop();
    viaProxy.close();
  });
});
