// Whatever an annotation may say, Envoy takes: the least and the most of each, and what is odd.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { annotationTable, type AnnotationName } from '../../src/model/annotation-table.ts';
import { buildTopology } from '../../src/model/build.ts';
import { standalonePorts } from '../../src/model/ports.ts';
import { startHttpsBackend } from '../kit/backends/https.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { kubeEndpoint, kubeService, kubeSlice } from '../kit/objects.ts';
import { startStaticMesh } from '../kit/static-mesh.ts';

const most = '2147483647';
const deep = `${'('.repeat(20)}ResponseCodeRatio(0, 9007199254740991, 0, 600) != 1e-300${')'.repeat(20)}`;
const wide = Array.from({ length: 37 }, () => 'NetworkErrorRatio() > 1.5').join('&&');
const pem = await readFile(new URL('../kit/backends/https-cert.pem', import.meta.url), 'utf8');

/** Values of each annotation that lie at the edge of what it takes. */
const extremes: Readonly<Record<AnnotationName, readonly string[]>> = {
  'traffic-type': ['http'],
  scheme: ['https'],
  'retry-attempts': ['1', most],
  'ratelimit-average': ['1', most],
  'ratelimit-burst': ['1', most],
  'circuit-breaker-expression': [
    deep,
    wide,
    'LatencyAtQuantileMS(0) < 0',
    'LatencyAtQuantileMS(100) > 1e308',
  ],
  'tls-server-name': ['a', `${`${'a'.repeat(61)}.`.repeat(4)}com`],
  'tls-ca': [pem.repeat(20), `${pem}\n# the end`],
  'tls-verify': ['true', 'false'],
  'request-timeout': ['1ms', '24h'],
  'connect-timeout': ['1ms', '24h'],
  'max-connections': ['1', most],
  'max-pending-requests': ['1', most],
  'load-balancing': ['round-robin', 'least-request', 'random'],
  'session-affinity': ['source', `cookie:${'c'.repeat(128)}`, "header:!#$%&'*+.^_`|~-"],
  'outlier-consecutive-errors': ['1', most],
  'outlier-ejection-time': ['1ms', '24h'],
  'outlier-max-ejected': ['1', '100'],
};

/** What must stand beside an annotation for it to mean something. */
const company: Readonly<Partial<Record<AnnotationName, Readonly<Partial<Record<AnnotationName, string>>>>>> =
  {
    'ratelimit-average': { 'ratelimit-burst': '5' },
    'ratelimit-burst': { 'ratelimit-average': '5' },
    'tls-verify': { 'tls-ca': pem },
    'outlier-ejection-time': { 'outlier-consecutive-errors': '5' },
    'outlier-max-ejected': { 'outlier-consecutive-errors': '5' },
  };

test('Envoy takes whatever an annotation may say', async () => {
  await using backend = await startHttpsBackend({ name: 'shop-1', address: '127.109.8.2' });
  const names = Object.keys(annotationTable) as AnnotationName[];
  const cases = names.flatMap((name) => extremes[name].map((value) => ({ name, value })));
  const objects = cases.flatMap(({ name, value }, index) => {
    const said = { scheme: 'https', ...company[name], [name]: value };
    const annotations = Object.fromEntries(
      Object.entries(said).map(([key, text]) => [`mesh.traefik.io/${key}`, text]),
    );
    const service = `case-${index}`;
    const endpoints = [kubeEndpoint({ addresses: [backend.address] })];
    const ports = [{ name: '', port: backend.port, protocol: 'TCP' as const, appProtocol: undefined }];
    return [
      kubeService({ name: service, annotations }),
      kubeSlice({ name: service, service, endpoints, ports }),
    ];
  });
  const topology = buildTopology(objects, {
    defaultMode: 'http',
    ports: standalonePorts,
    addresses: undefined,
  });
  assert.deepEqual(topology.problems, []);
  await using mesh = await startStaticMesh('127.109.8.1', [...topology.services.values()]);
  assert.doesNotMatch(mesh.envoy.log(), /reject|invalid|error|must/iu);
  const clusters = await mesh.envoy.admin('/clusters');
  for (const { name, ports } of topology.services.values()) {
    const { name: annotation, value } = cases[Number(name.replace('case-', ''))] ?? {};
    const [port] = ports;
    assert.ok(clusters.includes(`${port?.key}::default_priority`), `${annotation}: ${value}`);
    const { status } = await sendHttp({ address: mesh.address, port: port?.meshPort ?? 0 });
    // A millisecond may be too short, and nobody's certificate is made for every name; but all of them are served.
    assert.ok([200, 503, 504].includes(status), `${annotation}: ${value} gives ${status}`);
  }
  assert.doesNotMatch(mesh.envoy.log(), /script|lua/iu);
});
