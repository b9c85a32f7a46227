// `maesh calls` as a user runs it before an uninstall: a real process, which asks real Envoys by way of a real API server.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { Backend } from '../kit/backends/backend.ts';
import { startBackend } from '../kit/backends/start.ts';
import { HttpClient, sendHttp } from '../kit/clients/http.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { talkUdp } from '../kit/clients/udp.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { daemonSet, installedIn, node, proxyPod } from '../kit/installed-mesh.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { machineAddress } from '../kit/machine-address.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { runMaesh, type MaeshResult } from '../kit/run-maesh.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

const proxyAddresses = ['127.132.1.1', '127.132.1.2'] as const;
const backendAddress = '127.132.1.9';
const nobody =
  'Nobody called a service by a mesh name: 2 proxies within 1 second, and no connection is open\n';

describe('maesh calls', { concurrency: false }, () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let objects: KubeObjects;
  let home: string;

  before(async () => {
    plane = await startControlPlane();
    running.defer(() => plane.stop());
    objects = running.use(new KubeObjects(plane.admin));
    // Where kubectl looks.
    home = await mkdtemp(join(tmpdir(), 'maesh-home-'));
    running.defer(() => rm(home, { recursive: true }));
    await mkdir(join(home, '.kube'));
    await symlink(plane.kubeconfig, join(home, '.kube', 'config'));
    await new MeshInCluster(objects, installedIn).prepare();
    const backends = await Promise.all(
      (['http', 'tcp', 'udp'] as const).map((kind) =>
        startBackend(kind, { name: kind, address: backendAddress }),
      ),
    );
    for (const backend of backends) running.use(backend);
    await objects.apply(daemonSet());
    for (const [index, address] of proxyAddresses.entries()) {
      const port = await adminOf(running.use(await startProxy(address, backends)));
      await objects.apply(node(`node-${index + 1}`), withAdmin(proxyPod(index + 1), port));
    }
  });
  after(() => running.disposeAsync());

  /** The port on which an Envoy's admin interface can be reached from an API server: not that of a loopback address. */
  async function adminOf({ envoy }: StaticMesh): Promise<number> {
    const server = createServer((request, response) => {
      void envoy.admin(request.url ?? '/').then((body) => response.end(body));
    });
    running.defer(() => void server.close());
    server.listen(0, machineAddress());
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function calls(...flags: readonly string[]): Promise<MaeshResult> {
    return await runMaesh(['calls', '--seconds', '1', ...flags], { env: { HOME: home } });
  }

  /** What it says while something is called again and again. */
  async function whileCalling(call: () => Promise<unknown>): Promise<MaeshResult> {
    const over = new AbortController();
    const result = calls().finally(() => over.abort());
    while (!over.signal.aborted) await call();
    return await result;
  }

  async function untilNobody(): Promise<void> {
    await until('nobody to call', async () => {
      assert.deepEqual(await calls(), { code: 0, stdout: nobody, stderr: '' });
      return true;
    });
  }

  it('finds the cluster that kubectl would, and that nobody calls', untilNobody);

  it('says of each service how often it was called, over all proxies', async () => {
    const [first, second] = proxyAddresses;
    const { code, stdout } = await whileCalling(async () => {
      await sendHttp({ address: first, port: firstPort.http });
      await sendHttp({ address: second, port: firstPort.http });
      await talkTcp({ address: second, port: firstPort.tcp, send: 'x' });
      await talkUdp({ address: first, port: firstPort.udp, send: 'x' });
    });
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^store\/lines:9000: \d+ calls, \d under way\nstore\/shop:80: \d+ calls, \d under way\nstore\/time:123\/udp: \d+ bytes in datagrams\nIn all, \d+ requests and TCP connections came to 2 proxies within 1 second, and \d+ connections? (is|are) open\n$/,
    );
    const [, lines, shop, all] = /lines:9000: (\d+) [^]*shop:80: (\d+) [^]*In all, (\d+) /.exec(stdout) ?? [];
    assert.ok(Number(lines) > 0 && Number(shop) > Number(lines), stdout);
    // What is on its way is counted when it comes, or when it is sent on.
    assert.ok(Math.abs(Number(lines) + Number(shop) - Number(all)) <= 4, stdout);
    await untilNobody();
  });

  it('says of calls that no service gets', async () => {
    const call = { address: proxyAddresses[0], port: firstPort.http + 1 };
    const { code, stdout } = await whileCalling(async () => {
      assert.equal((await sendHttp(call)).status, 503);
    });
    assert.equal(code, 1);
    assert.match(stdout, /^In all, [1-9]\d* requests and TCP connections came to 2 proxies/);
    await untilNobody();
  });

  it('says of connections on which nothing is called, and of calls that go on', async () => {
    const [address] = proxyAddresses;
    const socket = connect(firstPort.tcp, address);
    {
      using client = new HttpClient();
      await client.send({ address, port: firstPort.http });
      socket.write('x');
      await once(socket, 'data');
      // What came before the first look is not told.
      const { code, stdout } = await calls();
      assert.deepEqual(
        [code, stdout],
        [
          1,
          'store/lines:9000: 0 calls, 1 under way\n' +
            'In all, 0 requests and TCP connections came to 2 proxies within 1 second, and 2 connections are open\n',
        ],
      );
    }
    socket.destroy();
    await untilNobody();
  });

  it('says that there is no mesh', async () => {
    const { code, stderr } = await calls('--namespace', installedIn.services);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^maesh: no proxies in namespace store; .* name the mesh's own namespace by --namespace\n$/,
    );
  });

  // The last, since it leaves the pod like that.
  it('says which proxy does not answer, and that it is then not known whether somebody calls', async () => {
    const wrong = withAdmin(proxyPod(2), 1);
    await objects.delete(wrong);
    await objects.apply(wrong);
    const { code, stdout, stderr } = await calls();
    assert.deepEqual([code, stdout], [1, nobody]);
    assert.match(stderr, /^maesh: pod maesh-mesh-2 on node node-2: .+\n$/);
  });
});

/** A proxy with an HTTP, a TCP and a UDP service, and one without pods. */
async function startProxy(address: string, backends: readonly Backend[]): Promise<StaticMesh> {
  const [http, tcp, udp] = backends.map((backend) => [{ address: backend.address, port: backend.port }]);
  return await startStaticMesh(address, [
    meshService('store/shop', [{ meshPort: firstPort.http, endpoints: http ?? [] }]),
    meshService('store/gone', [{ meshPort: firstPort.http + 1 }]),
    meshService('store/lines', [
      { port: 9000, traffic: 'tcp', meshPort: firstPort.tcp, endpoints: tcp ?? [] },
    ]),
    meshService('store/time', [{ port: 123, traffic: 'udp', meshPort: firstPort.udp, endpoints: udp ?? [] }]),
  ]);
}

/** The pod of a proxy, with the port of its admin interface. */
function withAdmin(pod: KubeObject, port: number): KubeObject {
  const { containers, ...spec } = pod['spec'] as { readonly containers: readonly object[] };
  const ports = [{ name: 'admin', containerPort: port }];
  return { ...pod, spec: { ...spec, containers: containers.map((each) => ({ ...each, ports })) } };
}
