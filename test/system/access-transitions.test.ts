// Access control while it changes what there is to be reached: pods of a service account that some callers may not call come
// and go, as a backend of a split or of the service itself, while everybody calls, through a real Envoy.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/model/objects.ts';
import type { TrafficType } from '../../src/model/topology.ts';
import { startBackend } from '../kit/backends/start.ts';
import { ClientError } from '../kit/clients/client-error.ts';
import { type Dial, sendHttp } from '../kit/clients/http.ts';
import { talkTcp } from '../kit/clients/tcp.ts';
import { talkUdp } from '../kit/clients/udp.ts';
import { manifestOf } from '../kit/manifest-of.ts';
import { TestMesh } from '../kit/mesh.ts';
import { kubePod, kubeService } from '../kit/objects.ts';
import { kubeSplit, kubeTarget } from '../kit/smi-objects.ts';
import { TrafficLoad } from '../kit/traffic-load.ts';

/** `web` may call both `v1` and `v2`, `cron` only `v1`. */
const callers = { web: '127.127.201.1', cron: '127.127.201.2' };
const pods = { v1: '127.127.200.1', v2: '127.127.200.2' };
const podPorts: Readonly<Record<TrafficType, number>> = { http: 9000, tcp: 9001, udp: 9002 };
const traffics: readonly TrafficType[] = ['http', 'tcp', 'udp'];

function text(...objects: readonly KubeObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.map(manifestOf) });
}

function service(traffic: TrafficType, name: string, selector: Readonly<Record<string, string>>): KubeObject {
  return kubeService({
    name: `${traffic}-${name}`,
    selector,
    annotations: { 'mesh.traefik.io/traffic-type': traffic },
    ports: [
      {
        name: 'main',
        port: 7000,
        targetPort: podPorts[traffic],
        protocol: traffic === 'udp' ? 'UDP' : 'TCP',
      },
    ],
  });
}

/** `root`, which is split between the backends, and `grown`, which has the pods of them. */
function changing(backends: readonly string[]): string {
  return text(
    ...traffics.flatMap((traffic) => [
      kubeSplit({
        name: traffic,
        service: `${traffic}-root`,
        backends: backends.map((name) => ({ service: `${traffic}-${name}`, weight: 1 })),
      }),
      service(traffic, 'grown', backends.length === 1 ? { app: 'v1' } : { tier: 'any' }),
    ]),
  );
}

function account(name: string, namespace: string) {
  return { kind: 'ServiceAccount', name, namespace };
}

const steady = text(
  ...Object.entries(pods).map(([name, address]) =>
    kubePod({ name, labels: { app: name, tier: 'any' }, serviceAccount: name, ips: [address] }),
  ),
  ...Object.entries(callers).map(([name, address]) =>
    kubePod({ namespace: 'front', name, labels: {}, serviceAccount: name, ips: [address] }),
  ),
  ...traffics.flatMap((traffic) => [
    service(traffic, 'root', { app: 'none' }),
    service(traffic, 'v1', { app: 'v1' }),
    service(traffic, 'v2', { app: 'v2' }),
  ]),
  kubeTarget({
    name: 'v1',
    destination: account('v1', 'store'),
    sources: [account('web', 'front'), account('cron', 'front')],
    rules: [],
  }),
  kubeTarget({
    name: 'v2',
    destination: account('v2', 'store'),
    sources: [account('web', 'front')],
    rules: [],
  }),
);

/** The pod that answers; undefined where the call is denied. */
async function answer(
  traffic: TrafficType,
  call: Dial & { readonly from: string; readonly timeoutMs?: number },
): Promise<string | undefined> {
  if (traffic === 'http') return (await sendHttp(call)).echo?.name;
  const talk = { ...call, send: 'hello' };
  try {
    return (await (traffic === 'tcp' ? talkTcp(talk) : talkUdp(talk))).name;
  } catch (error) {
    assert.ok(error instanceof ClientError);
    return undefined;
  }
}

test('whoever is denied never reaches a pod that has just come, and whoever is allowed always reaches one', async () => {
  await using running = new AsyncDisposableStack();
  for (const [name, address] of Object.entries(pods)) {
    for (const traffic of traffics) {
      running.use(await startBackend(traffic, { name, address, port: podPorts[traffic] }));
    }
  }
  const mesh = running.use(
    await TestMesh.start({
      files: { 'steady.yaml': steady, 'changing.yaml': changing(['v1']) },
      addressRange: '127.127.0.0/17',
      isAccessControlled: true,
    }),
  );
  const dial = (traffic: TrafficType, name: string): Dial => {
    const { meshPort } =
      mesh.ports.get(`store/${traffic}-${name}/7000${traffic === 'udp' ? '/udp' : ''}`) ?? {};
    assert.ok(meshPort !== undefined, `${traffic}-${name}`);
    return { address: mesh.proxyAddress, port: meshPort };
  };
  const targets = traffics.flatMap((traffic) =>
    ['root', 'grown'].flatMap((name) => {
      const at = dial(traffic, name);
      const brief = traffic === 'udp' ? { timeoutMs: 300 } : {};
      return [
        {
          name: `cron to ${traffic}-${name}`,
          ask: async () =>
            assert.notEqual(await answer(traffic, { ...at, ...brief, from: callers.cron }), 'v2'),
        },
        {
          name: `web to ${traffic}-${name}`,
          // An answer to a datagram that is on its way while the listener changes is lost, and asked for again.
          ask: async () => {
            const first = await answer(traffic, { ...at, from: callers.web, ...brief });
            const isLost = traffic === 'udp' && first === undefined;
            const found = isLost ? await answer(traffic, { ...at, from: callers.web }) : first;
            assert.match(found ?? 'nobody', /^v[12]$/);
          },
        },
      ];
    }),
  );
  await using load = new TrafficLoad(targets, { pauseMs: 1 });
  for (let round = 0; round < 20; round += 1) {
    await mesh.write({ 'changing.yaml': changing(['v1', 'v2']) });
    await load.moreOfEach(1);
    await mesh.write({ 'changing.yaml': changing(['v1']) });
    await load.moreOfEach(1);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(mesh.nacks, []);
});
