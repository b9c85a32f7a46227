// The circuit breaker's script in a real Envoy, with the time in a header in place of the system's: minutes pass in no
// time, and what it does is compared with a model, request by request.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';

import fc from 'fast-check';

import type { BreakerCondition } from '../../src/model/breaker-condition.ts';
import { parseCondition } from '../../src/model/breaker-parser.ts';
import { breakerCode, contextKeys } from '../../src/translate/circuit-breaker-lua.ts';
import { luaCondition } from '../../src/translate/circuit-breaker.ts';
import { listen } from '../kit/backends/backend.ts';
import { BreakerModel } from '../kit/breaker-model.ts';
import { HttpClient } from '../kit/clients/http.ts';
import { type EnvoyProcess, startEnvoyProcess } from '../kit/envoy-process.ts';

const address = '127.109.4.1';
const port = 20_000;

const expressions = [
  'NetworkErrorRatio() > 0.3',
  'NetworkErrorRatio() >= 0.5 && ResponseCodeRatio(500, 600, 0, 600) != 1.0',
  'ResponseCodeRatio(500, 600, 0, 600) > 0.5',
  'ResponseCodeRatio(400, 500, 200, 300) >= 1.0',
  'LatencyAtQuantileMS(50.0) > 100',
  'LatencyAtQuantileMS(90.0) >= 100 || NetworkErrorRatio() > 0.8',
  '(LatencyAtQuantileMS(100.0) > 100 || ResponseCodeRatio(500, 501, 0, 600) > 0.2) && NetworkErrorRatio() == 0.0',
  'LatencyAtQuantileMS(0.0) < 100 && ResponseCodeRatio(200, 300, 0, 600) <= 0.4',
];

function conditionOf(expression: string): BreakerCondition {
  const parsed = parseCondition(expression);
  assert.ok('condition' in parsed, JSON.stringify(parsed));
  return parsed.condition;
}

/** Each expression has a path of its own. */
function bootstrap(backendPort: number): object {
  const type = (name: string): string => `type.googleapis.com/envoy.extensions.filters.${name}`;
  const at = (port_value: number): object => ({ socket_address: { address, port_value } });
  const routes = expressions.map((expression, index) => ({
    match: { prefix: `/${index}/` },
    route: { cluster: 'shop' },
    typed_per_filter_config: {
      breaker: {
        '@type': type('http.lua.v3.LuaPerRoute'),
        name: 'breaker',
        filter_context: {
          [contextKeys.port]: `port ${index}`,
          [contextKeys.condition]: luaCondition(conditionOf(expression)),
        },
      },
    },
  }));
  const manager = {
    '@type': type('network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'test',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [
      {
        name: 'breaker',
        typed_config: {
          '@type': type('http.lua.v3.Lua'),
          source_codes: { breaker: { inline_string: breakerCode('handle:headers():get("x-now")') } },
        },
      },
      { name: 'router', typed_config: { '@type': type('http.router.v3.Router') } },
    ],
  };
  const endpoint = { lb_endpoints: [{ endpoint: { address: at(backendPort) } }] };
  const cluster = {
    name: 'shop',
    type: 'STATIC',
    load_assignment: { cluster_name: 'shop', endpoints: [endpoint] },
  };
  const filters = [{ name: 'manager', typed_config: manager }];
  return {
    static_resources: {
      clusters: [cluster],
      listeners: [{ name: 'test', address: at(port), filter_chains: [{ filters }] }],
    },
  };
}

/** A request: how long after the last answer it comes, and what comes of it where it passes. */
interface Step {
  readonly afterMs: number;
  readonly tookMs: number;
  readonly code: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.constantFrom(0, 1, 40, 90, 200, 950, 3000, 9900, 10_100),
  // Far from what conditions compare with, since the script knows latencies to one percent only.
  tookMs: fc.constantFrom(1, 10, 300),
  code: fc.constantFrom(200, 200, 404, 500, 502, 504),
});

describe('the script of the circuit breaker', () => {
  let server: Server;
  let backend: Awaited<ReturnType<typeof listen>>;
  let envoy: EnvoyProcess;
  const client = new HttpClient();
  /** Every run begins before the one before it, which makes breakers begin anew. */
  let beginning = 1_700_000_000_000;

  before(async () => {
    server = createServer((request, response) => {
      response.statusCode = Number(request.headers['x-code']);
      response.setHeader('x-now', String(request.headers['x-then']));
      response.end();
    });
    backend = await listen(server, { name: 'shop-1', address });
    envoy = await startEnvoyProcess(bootstrap(backend.port));
  });
  after(async () => {
    client.close();
    await envoy[Symbol.asyncDispose]();
    await backend.close();
  });

  /** Sends what the steps say, and what each came to: its own code, or 503 where the breaker refused it. */
  async function run(expression: number, steps: readonly Step[]): Promise<number[]> {
    beginning -= 1_000_000_000;
    let now = beginning;
    const seen: number[] = [];
    for (const { afterMs, tookMs, code } of steps) {
      now += afterMs;
      const { status } = await client.send({
        address,
        port,
        path: `/${expression}/`,
        headers: { 'x-now': `${now}000`, 'x-then': `${now + tookMs}000`, 'x-code': String(code) },
      });
      seen.push(status);
      if (status === code) now += tookMs;
    }
    return seen;
  }

  function predict(expression: number, steps: readonly Step[]): number[] {
    const model = new BreakerModel(conditionOf(expressions[expression] ?? ''));
    let now = beginning;
    return steps.map(({ afterMs, tookMs, code }) => {
      now += afterMs;
      if (!model.lets(now)) return 503;
      now += tookMs;
      model.answered({ at: now, tookMs, code });
      return code;
    });
  }

  const many = (count: number, each: Step): Step[] => Array.from({ length: count }, () => each);
  const good: Step = { afterMs: 0, tookMs: 1, code: 200 };

  test('is open for ten seconds, then lets pass a part that grows to half within ten more, then all', async () => {
    const opens: Step = { ...good, code: 502 };
    const seen = await run(0, [
      opens,
      ...many(9, { ...good, afterMs: 1000 }),
      ...many(100, { ...good, afterMs: 100 }),
    ]);
    assert.deepEqual(seen.slice(0, 10), [502, ...Array<number>(9).fill(503)]);
    const passed = (from: number, to: number): number =>
      seen.slice(from, to).filter((status) => status === 200).length;
    // The tenth second is over with the tenth of these; recovery begins there.
    assert.equal(passed(10, 19), 0);
    const [first, second] = [passed(20, 60), passed(60, 100)];
    assert.ok(first > 0 && first < second && first + second < 40, `${first}, then ${second} of 40 each`);
    const whole = await run(0, [
      opens,
      { ...good, afterMs: 10_001 },
      ...many(50, { ...good, afterMs: 10_001 }),
    ]);
    assert.deepEqual(whole.slice(2), Array(50).fill(200));
  });

  test('opens again where the condition holds while it recovers', async () => {
    const bad: Step = { ...good, code: 502 };
    const seen = await run(0, [bad, ...many(120, { ...bad, afterMs: 150 })]);
    const passed = seen.flatMap((status, index) => (status === 502 ? [index] : []));
    assert.equal(passed[0], 0);
    assert.ok(passed.length >= 2, 'one passes in the recovery');
    // Ten seconds are 66 of these steps.
    for (const [index, at] of passed.slice(1).entries()) assert.ok(at - (passed[index] ?? 0) > 66);
  });

  test('does what the original did, whatever comes when', async () => {
    let opened = 0;
    const runs = fc.record({
      expression: fc.nat({ max: expressions.length - 1 }),
      steps: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ expression, steps }) => {
        const seen = await run(expression, steps);
        assert.deepEqual(seen, predict(expression, steps), expressions[expression]);
        if (seen.includes(503)) opened++;
      }),
      { numRuns: 200 },
    );
    assert.ok(opened > 20, `${opened} of 200 runs opened a breaker`);
  });

  test('fails at nothing', () => {
    assert.doesNotMatch(envoy.log(), /script|lua/iu);
  });
});
