// The annotation circuit-breaker-expression, through a real Envoy that has what the translation makes of it. Each client
// keeps one connection, so that all its requests come to one worker and meet one breaker.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { parseCondition } from '../../src/model/breaker-parser.ts';
import type { PortPolicy } from '../../src/model/policy.ts';
import type { Service } from '../../src/model/topology.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { HttpClient } from '../kit/clients/http.ts';
import { type RawServer, startRawServer } from '../kit/raw-http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';
import { until } from '../kit/until.ts';

const address = '127.109.3.1';
const pods = '127.109.3.2';
const gone = { address: '127.109.3.3', port: 1 };

/** Service ports by what opens their breakers. */
const expressions = {
  codes: 'ResponseCodeRatio(500, 600, 0, 600) > 0.25',
  network: 'NetworkErrorRatio() > 0.5',
  latency: 'LatencyAtQuantileMS(50.0) >= 100',
  dead: 'NetworkErrorRatio() > 0.5',
  forged: 'NetworkErrorRatio() > 0.5',
  none: undefined,
} as const;
type Name = keyof typeof expressions;
const names = Object.keys(expressions) as Name[];
const portOf = (name: Name): number => firstPort.http + names.indexOf(name);

function policyOf(expression: string | undefined): { readonly policy?: PortPolicy } {
  if (expression === undefined) return {};
  const parsed = parseCondition(expression);
  assert.ok('condition' in parsed);
  return { policy: { circuitBreaker: parsed.condition } };
}

describe('circuit-breaker-expression', () => {
  let backend: Backend;
  let forging: RawServer;
  let mesh: StaticMesh;
  const services = (): Service[] => {
    const endpointOf = { dead: gone, forged: forging } as const;
    return names.map((name) => {
      const endpoint = name === 'dead' || name === 'forged' ? endpointOf[name] : backend;
      const port = { meshPort: portOf(name), endpoints: [endpoint], ...policyOf(expressions[name]) };
      return meshService(`store/${name}`, [port]);
    });
  };
  before(async () => {
    backend = await startHttpBackend({ name: 'shop-1', address: pods });
    forging = await startRawServer(pods, (socket) => {
      socket.write('HTTP/1.1 503 Unavailable\r\nx-maesh-flags: UF\r\nContent-Length: 0\r\n\r\n');
    });
    mesh = await startStaticMesh(address, services());
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await forging[Symbol.asyncDispose]();
    await backend.close();
  });

  async function statuses(client: HttpClient, name: Name, paths: readonly string[]): Promise<number[]> {
    const seen: number[] = [];
    for (const path of paths) seen.push((await client.send({ address, port: portOf(name), path })).status);
    return seen;
  }

  test('opens where too many answers say that something failed, and then asks the pods no more', async () => {
    using client = new HttpClient();
    assert.deepEqual(await statuses(client, 'codes', ['/', '/', '/status/404', '/']), [200, 200, 404, 200]);
    const failures = async (): Promise<true | undefined> => {
      const [status] = await statuses(client, 'codes', ['/status/500']);
      return status === 503 || undefined;
    };
    await until('the breaker to open', failures);
    const served = backend.served();
    const { status, body } = await client.send({ address, port: portOf('codes') });
    assert.equal(status, 503);
    assert.equal(body, 'The circuit breaker of store/codes/80 is open (namespace/service/port).\n');
    assert.deepEqual(await statuses(client, 'codes', Array(20).fill('/')), Array(20).fill(503));
    assert.equal(backend.served(), served);
    assert.deepEqual(await statuses(client, 'none', ['/status/500', '/']), [500, 200]);
  });

  test('stays as it is when routes change', async () => {
    using client = new HttpClient();
    const isOpen = async (): Promise<boolean> =>
      (await client.send({ address, port: portOf('codes') })).body.includes('circuit breaker');
    await until('this worker too to open', async () => {
      await statuses(client, 'codes', ['/status/500']);
      return (await isOpen()) || undefined;
    });
    const added = meshService('store/added', [{ meshPort: firstPort.http + 100, endpoints: [backend] }]);
    await mesh.become([...services(), added]);
    await until('the new routes', async () => {
      const { status } = await client.send({ address, port: firstPort.http + 100 });
      return status === 200 || undefined;
    });
    assert.ok(await isOpen());
  });

  test('takes connections that break for network errors, and the answers of pods for none', async () => {
    using client = new HttpClient();
    assert.deepEqual(await statuses(client, 'network', Array(20).fill('/status/503')), Array(20).fill(503));
    const served = backend.served();
    await statuses(client, 'network', ['/', '/']);
    assert.equal(backend.served(), served + 2, 'it is still closed');
    await until('the breaker to open', async () => {
      const { body } = await client.send({ address, port: portOf('network'), method: 'POST', path: '/drop' });
      return body.includes('circuit breaker') || undefined;
    });
  });

  test('takes pods that cannot be reached for network errors', async () => {
    using client = new HttpClient();
    const bodies = [];
    for (let request = 0; request < 2; request++)
      bodies.push((await client.send({ address, port: portOf('dead') })).body);
    assert.match(bodies[1] ?? '', /circuit breaker/u);
  });

  test("believes no pod's word that a proxy has failed, and tells clients nothing of it", async () => {
    using client = new HttpClient();
    for (let request = 0; request < 5; request++) {
      const { status, headers, body } = await client.send({ address, port: portOf('forged') });
      assert.deepEqual([status, body, headers['x-maesh-flags']], [503, '', undefined]);
    }
  });

  test('opens where answers take too long', async () => {
    using client = new HttpClient();
    const served = backend.served();
    await statuses(client, 'latency', ['/', '/', '/']);
    assert.equal(backend.served(), served + 3);
    await until('the breaker to open', async () => {
      const [status] = await statuses(client, 'latency', ['/slow/150']);
      return status === 503 || undefined;
    });
  });

  test('makes the script complain of nothing', () => {
    assert.doesNotMatch(mesh.envoy.log(), /\b(lua|script)\b/iu);
  });
});
