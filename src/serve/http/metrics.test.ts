import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { emptyPortTable } from '../../model/ports.ts';
import type { Problem } from '../../model/problem.ts';
import type { Endpoint, Service, ServicePort, Topology, TrafficType } from '../../model/topology.ts';
import { WorkQueue } from '../../runtime/work-queue.ts';
import { typeUrls, type Resource } from '../../translate/resources.ts';
import { metricTable } from './metric-table.ts';
import { Metrics, type MetricSources } from './metrics.ts';

const ranges = { http: [{ first: 1, last: 10 }], tcp: [{ first: 11, last: 20 }], udp: [] };

const defaults: MetricSources = {
  topology: () => undefined,
  problems: () => [],
  ports: () => ({ table: emptyPortTable, ranges }),
  connectedProxies: () => 0,
  queueDepth: () => 0,
};

/** The samples of our own metrics, `name{labels}` → value. */
async function samplesOf(metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('maesh_'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

async function only(metrics: Metrics, prefix: string): Promise<Record<string, number>> {
  const samples = await samplesOf(metrics);
  return Object.fromEntries([...samples].filter(([name]) => name.startsWith(prefix)));
}

function port(traffic: TrafficType, endpoints: number): ServicePort {
  const endpoint: Endpoint = {
    address: '10.0.0.1',
    otherAddresses: [],
    port: 1,
    pod: undefined,
    node: undefined,
    zone: undefined,
  };
  return {
    key: 'store/shop/1',
    name: '',
    port: 1,
    traffic,
    upstream: 'auto',
    upstreamTls: false,
    meshPort: undefined,
    localPort: undefined,
    endpoints: Array.from({ length: endpoints }, () => endpoint),
  };
}

function topologyOf(...ports: readonly ServicePort[]): Topology {
  const service: Service = {
    key: 'store/shop',
    namespace: 'store',
    name: 'shop',
    ports,
    localAddress: undefined,
  };
  return { services: new Map([[service.key, service]]), problems: [] };
}

test('every metric of the table is given with its type and meaning, and none besides', async () => {
  const text = await new Metrics(defaults).text();
  const described = [...text.matchAll(/^# HELP (maesh_\w+) (.*)\n# TYPE (\w+) (\w+)$/gm)].map(
    ([, name, help, , type]) => ({ name, type, help }),
  );
  const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }): number =>
    String(a.name).localeCompare(String(b.name));
  const table = Object.values(metricTable).map(({ name, type, help }) => ({ name, type, help }));
  assert.deepEqual(described.toSorted(byName), table.toSorted(byName));
});

test('those of the process are given as well', async () => {
  const text = await new Metrics(defaults).text();
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    assert.match(text, new RegExp(`^${name} \\d`, 'm'));
  }
});

test("two of them do not get in each other's way", async () => {
  const [one, other] = [new Metrics(defaults), new Metrics(defaults)];
  one.envoyRestarted();
  assert.deepEqual(await only(one, 'maesh_envoy'), { maesh_envoy_restarts_total: 1 });
  assert.deepEqual(await only(other, 'maesh_envoy'), { maesh_envoy_restarts_total: 0 });
});

test('stages are told apart, in seconds', async () => {
  const metrics = new Metrics(defaults);
  metrics.stageTook('translate', 30);
  metrics.stageTook('translate', 50);
  const samples = await samplesOf(metrics);
  assert.equal(samples.get('maesh_build_duration_seconds_count{stage="translate"}'), 2);
  assert.equal(samples.get('maesh_build_duration_seconds_sum{stage="translate"}'), 0.08);
  assert.equal(samples.get('maesh_build_duration_seconds_bucket{le="0.025",stage="translate"}'), 0);
  assert.equal(samples.get('maesh_build_duration_seconds_bucket{le="0.05",stage="translate"}'), 2);
  for (const stage of ['read', 'model', 'publish']) {
    assert.equal(samples.get(`maesh_build_duration_seconds_count{stage="${stage}"}`), 0);
  }
});

test('pushes, acknowledgements and rejections are counted by type', async () => {
  const metrics = new Metrics(defaults);
  const resource: Resource = {
    name: 'c',
    typeUrl: typeUrls.cluster,
    version: '1',
    bytes: new Uint8Array(),
    services: [],
  };
  metrics.pushed({ typeUrl: typeUrls.cluster, resources: [resource, resource], removed: ['x'], bytes: 300 });
  metrics.pushed({ typeUrl: typeUrls.cluster, resources: [resource], removed: [], bytes: 100 });
  metrics.acknowledged({ typeUrl: typeUrls.cluster, ms: 4 });
  metrics.rejected({ typeUrl: typeUrls.listener });
  const samples = await samplesOf(metrics);
  assert.equal(samples.get('maesh_xds_pushes_total{type="cluster"}'), 2);
  assert.equal(samples.get('maesh_xds_pushed_resources_total{type="cluster",change="set"}'), 3);
  assert.equal(samples.get('maesh_xds_pushed_resources_total{type="cluster",change="removed"}'), 1);
  assert.equal(samples.get('maesh_xds_pushed_bytes_total{type="cluster"}'), 400);
  assert.equal(samples.get('maesh_xds_ack_duration_seconds_count{type="cluster"}'), 1);
  assert.equal(samples.get('maesh_xds_ack_duration_seconds_bucket{le="0.005",type="cluster"}'), 1);
  assert.equal(samples.get('maesh_xds_nacks_total{type="listener"}'), 1);
  assert.equal(samples.get('maesh_xds_nacks_total{type="cluster"}'), 0);
});

test('types that a proxy makes up are one series', async () => {
  const metrics = new Metrics(defaults);
  for (let type = 0; type < 100; type++) metrics.rejected({ typeUrl: `type.googleapis.com/made.up.${type}` });
  const samples = await only(metrics, 'maesh_xds_nacks_total');
  assert.equal(Object.keys(samples).length, Object.keys(typeUrls).length + 1);
  assert.equal(samples['maesh_xds_nacks_total{type="other"}'], 100);
});

test('the topology is counted when it is asked for', async () => {
  assert.deepEqual(Object.values(await only(new Metrics(defaults), 'maesh_topology')), [0, 0, 0, 0, 0, 0, 0]);
  let topology = topologyOf();
  const metrics = new Metrics({ ...defaults, topology: () => topology });
  assert.equal((await only(metrics, 'maesh_topology'))['maesh_topology_endpoints{traffic="http"}'], 0);
  topology = topologyOf(port('http', 2), port('http', 3), port('udp', 1));
  assert.deepEqual(await only(metrics, 'maesh_topology'), {
    maesh_topology_services: 1,
    'maesh_topology_service_ports{traffic="http"}': 2,
    'maesh_topology_service_ports{traffic="tcp"}': 0,
    'maesh_topology_service_ports{traffic="udp"}': 1,
    'maesh_topology_endpoints{traffic="http"}': 5,
    'maesh_topology_endpoints{traffic="tcp"}': 0,
    'maesh_topology_endpoints{traffic="udp"}': 1,
  });
});

test('problems are counted by code, and a code that is gone leaves', async () => {
  const subject = { kind: 'Service', namespace: 'store', name: 'shop' };
  const problem = (code: Problem['code']): Problem => ({ code, subject, message: 'M', advice: 'A' });
  let problems = [problem('MAESH_PORT_RANGE'), problem('MAESH_DOCUMENT_BROKEN'), problem('MAESH_PORT_RANGE')];
  const metrics = new Metrics({ ...defaults, problems: () => problems });
  assert.deepEqual(await only(metrics, 'maesh_problems'), {
    'maesh_problems{code="MAESH_PORT_RANGE"}': 2,
    'maesh_problems{code="MAESH_DOCUMENT_BROKEN"}': 1,
  });
  problems = [problem('MAESH_PORT_RANGE')];
  assert.deepEqual(await only(metrics, 'maesh_problems'), { 'maesh_problems{code="MAESH_PORT_RANGE"}': 1 });
});

test('mesh ports are used, resting or free', async () => {
  const table = {
    ...emptyPortTable,
    http: {
      assigned: new Map([
        ['a', 1],
        ['b', 2],
      ]),
      resting: new Set([3]),
    },
    udp: { assigned: new Map(), resting: new Set([40]) },
  };
  const metrics = new Metrics({ ...defaults, ports: () => ({ table, ranges }) });
  assert.deepEqual(await only(metrics, 'maesh_mesh_ports'), {
    'maesh_mesh_ports{traffic="http",state="used"}': 2,
    'maesh_mesh_ports{traffic="http",state="resting"}': 1,
    'maesh_mesh_ports{traffic="http",state="free"}': 7,
    'maesh_mesh_ports{traffic="tcp",state="used"}': 0,
    'maesh_mesh_ports{traffic="tcp",state="resting"}': 0,
    'maesh_mesh_ports{traffic="tcp",state="free"}': 10,
    'maesh_mesh_ports{traffic="udp",state="used"}': 0,
    'maesh_mesh_ports{traffic="udp",state="resting"}': 1,
    'maesh_mesh_ports{traffic="udp",state="free"}': 0,
  });
});

test('work queues tell what waits and what was done, and one that follows another takes its place', async () => {
  const clock = new FakeClock();
  const metrics = new Metrics(defaults);
  const of = async (name: string): Promise<unknown> =>
    (await samplesOf(metrics)).get(`maesh_workqueue_${name}{queue="shadow-services"}`);
  assert.deepEqual([await of('depth'), await of('adds_total')], [0, 0]);
  const queue = new WorkQueue({ clock, observer: metrics.queueObserver('shadow-services') });
  queue.add('a');
  queue.add('b');
  clock.advance(20);
  queue.take();
  queue.take();
  queue.add('a');
  clock.advance(2000);
  assert.deepEqual([await of('depth'), await of('adds_total')], [1, 3]);
  assert.equal(await of('unfinished_work_seconds'), 4);
  assert.equal(await of('longest_running_processor_seconds'), 2);
  queue.done('a');
  queue.addRateLimited('a');
  assert.equal(await of('retries_total'), 1);
  assert.deepEqual(
    [await of('queue_duration_seconds_count'), await of('queue_duration_seconds_sum')],
    [2, 0.04],
  );
  assert.deepEqual([await of('work_duration_seconds_count'), await of('work_duration_seconds_sum')], [1, 2]);
  const next = new WorkQueue({ clock, observer: metrics.queueObserver('shadow-services') });
  next.add('c');
  assert.deepEqual([await of('depth'), await of('adds_total')], [1, 4]);
  assert.equal(await of('unfinished_work_seconds'), 0);
});

test('proxies, waiting changes, DNS answers and restarts are counted', async () => {
  const metrics = new Metrics({ ...defaults, connectedProxies: () => 3, queueDepth: () => 7 });
  metrics.dnsAnswered('NOERROR');
  metrics.dnsAnswered('NXDOMAIN');
  metrics.dnsAnswered('NXDOMAIN');
  metrics.envoyRestarted();
  const samples = await samplesOf(metrics);
  assert.equal(samples.get('maesh_connected_proxies'), 3);
  assert.equal(samples.get('maesh_queue_changes'), 7);
  assert.equal(samples.get('maesh_dns_queries_total{rcode="NOERROR"}'), 1);
  assert.equal(samples.get('maesh_dns_queries_total{rcode="NXDOMAIN"}'), 2);
  assert.equal(samples.get('maesh_envoy_restarts_total'), 1);
});
