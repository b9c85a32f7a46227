// The controller of a cluster against a real etcd and API server, with a real Envoy: from objects in the API server to
// requests that are answered, and back to what the controller writes.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { runController } from '../../src/app/controller.ts';
import type { ControllerOptions } from '../../src/config/options.ts';
import { bootstrap } from '../../src/translate/bootstrap.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startBackend } from '../kit/backends/start.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { shortTimes } from '../kit/controllers.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { startEnvoyProcess, type EnvoyProcess } from '../kit/envoy-process.ts';
import { freePort } from '../kit/free-port.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { machineAddress } from '../kit/machine-address.ts';
import { RecordLog } from '../kit/record-log.ts';
import { until } from '../kit/until.ts';

const proxyAddress = '127.99.0.1';
const shadowName = 'maesh-shop-6d61657368-store';

function service(ports: readonly object[]): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'store' },
    spec: { ports },
  };
}

function slice({ port }: { readonly port: number }): KubeObject {
  const labels = { 'kubernetes.io/service-name': 'shop' };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop-a', namespace: 'store', labels } as KubeObject['metadata'],
    addressType: 'IPv4',
    ports: [
      { name: 'http', port },
      { name: 'admin', port },
    ],
    endpoints: [{ addresses: [machineAddress()], conditions: { ready: true } }],
  };
}

interface ShadowSpec {
  readonly selector: Record<string, string>;
  readonly trafficDistribution: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number }[];
}

describe('the controller in a cluster', () => {
  let plane: ControlPlane;
  let objects: KubeObjects;
  let backend: Backend;
  let envoy: EnvoyProcess;
  const log = new RecordLog();
  const stop = new AbortController();
  let running: Promise<void>;

  const shadow = async (): Promise<ShadowSpec | undefined> => {
    const metadata = { name: shadowName, namespace: 'maesh' };
    const found = await objects.get({ apiVersion: 'v1', kind: 'Service', metadata });
    return found?.['spec'] as ShadowSpec | undefined;
  };
  const meshPorts = async (): Promise<readonly number[] | undefined> =>
    (await shadow())?.ports.map(({ targetPort }) => targetPort);

  before(async () => {
    plane = await startControlPlane();
    objects = new KubeObjects(plane.admin);
    for (const name of ['maesh', 'store']) {
      // oxlint-disable-next-line no-await-in-loop -- two
      await objects.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    backend = await startBackend('http', { name: 'shop', address: machineAddress() });
    const xdsPort = await freePort('127.0.0.1');
    const options: ControllerOptions = {
      kubeConfig: plane.kubeconfig,
      masterURL: undefined,
      env: {},
      hostname: 'test',
      namespace: 'maesh',
      watchNamespaces: [],
      ignoreNamespaces: [],
      leaseName: 'maesh-controller',
      meshDomains: ['maesh', 'traefik.mesh'],
      clusterDomain: 'cluster.local',
      keepDNS: false,
      restartDNS: false,
      defaultMode: 'http',
      acl: false,
      closeForbidden: false,
      limitHTTPPort: undefined,
      limitTCPPort: undefined,
      limitUDPPort: undefined,
      apiPort: 0,
      apiHost: '127.0.0.1',
      xdsPort,
      logLevel: 'info',
      logFormat: 'common',
    };
    const ready = Promise.withResolvers<void>();
    running = runController(options, {
      log,
      signal: stop.signal,
      onReady: () => ready.resolve(),
      proxyAddress,
      replicaTimes: shortTimes,
    });
    await Promise.race([ready.promise, running]);
    envoy = await startEnvoyProcess(
      bootstrap({
        nodeId: 'node-1',
        cluster: 'maesh',
        xds: { address: '127.0.0.1', port: xdsPort },
        admin: { address: '127.0.0.1', port: 9901 },
      }),
    );
  });

  after(async () => {
    stop.abort();
    await running;
    await envoy[Symbol.asyncDispose]();
    await backend.close();
    objects[Symbol.dispose]();
    await plane.stop();
  });

  it('makes a service reachable by a mesh port that its shadow Service has on record', async () => {
    await objects.apply(service([{ name: 'http', port: 80 }]), slice({ port: backend.port }));
    assert.deepEqual(await until('the shadow Service', meshPorts), [5000]);
    const spec = await shadow();
    assert.deepEqual(spec?.selector, { component: 'maesh-mesh' });
    assert.equal(spec?.trafficDistribution, 'PreferSameNode');
    const answer = await until('an answer by the mesh port', async () => {
      const got = await sendHttp({ address: proxyAddress, port: 5000, host: 'anything.example' });
      return got.status === 200 ? got : undefined;
    });
    assert.match(answer.body, /"name":"shop"/);
  });

  it('puts right what is changed or deleted by hand', async () => {
    const metadata = { name: shadowName, namespace: 'maesh' };
    const reference = { apiVersion: 'v1', kind: 'Service', metadata };
    await objects.apply({ ...reference, spec: { ports: [{ name: 'http', port: 80, targetPort: 9 }] } });
    await until('the port to be put right', async () =>
      (await meshPorts())?.[0] === 5000 ? true : undefined,
    );
    await objects.apply({ ...reference, spec: { ports: [{ name: 'strange', port: 9, targetPort: 9 }] } });
    await until('the strange port to go', async () => ((await meshPorts())?.length === 1 ? true : undefined));
    await objects.delete(reference);
    assert.deepEqual(await until('the shadow Service to be back', meshPorts), [5000]);
  });

  it('gives a further port a mesh port of its own, and moves none', async () => {
    await objects.apply(
      service([
        { name: 'admin', port: 79 },
        { name: 'http', port: 80 },
      ]),
    );
    await until('the second port', async () => ((await meshPorts())?.length === 2 ? true : undefined));
    const ports = (await shadow())?.ports.map(({ name, targetPort }) => [name, targetPort]);
    assert.deepEqual(Object.fromEntries(ports ?? []), { http: 5000, admin: 5001 });
  });

  it('collects shadow Services of services that are gone, and of none', async () => {
    const orphan = { name: 'maesh-gone-6d61657368-store', namespace: 'maesh' };
    const labels = { app: 'maesh', type: 'shadow' };
    const spec = { ports: [{ port: 80, targetPort: 5000 }] };
    const kind = { apiVersion: 'v1', kind: 'Service' };
    await objects.apply({ ...kind, metadata: { ...orphan, labels } as KubeObject['metadata'], spec });
    await until('the orphan to go', async () =>
      (await objects.get({ ...kind, metadata: orphan })) === undefined ? true : undefined,
    );
    await objects.delete(service([]));
    await until('the shadow Service to go', async () => ((await shadow()) === undefined ? true : undefined));
  });

  it('counts what it writes, as metrics', async () => {
    const api = String(log.lines.find(({ message }) => message === 'Listening')?.fields['api']);
    const writes = log.lines.filter(({ message }) => message.endsWith(' a shadow Service')).length;
    const metrics = await (await fetch(`http://${api}/metrics`)).text();
    const [, works = '0'] = /^maesh_workqueue_work_duration_seconds_count\{.*\} (\d+)$/m.exec(metrics) ?? [];
    assert.ok(writes > 0 && Number(works) >= writes, `${works} works for ${writes} writes`);
  });

  it('says nothing that would need anybody', () => {
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'error' || level === 'warn').map(({ message }) => message),
      [],
    );
  });
});
