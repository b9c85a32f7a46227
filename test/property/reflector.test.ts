// Whatever happens to the server's objects and to the connection, and in whatever order: what a reflector knows ends as
// what the server has, and what it told, put together, is the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import { resolveAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import type { ReflectedChange } from '../../src/kube/reflected-set.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { errorLine, FakeApiServer, things, type RequestFault } from '../kit/fake-api-server.ts';
import { until } from '../kit/until.ts';

type Step =
  | { readonly do: 'put'; readonly name: string; readonly value: number }
  | { readonly do: 'remove'; readonly name: string }
  | { readonly do: 'fault'; readonly fault: RequestFault; readonly times: number }
  | { readonly do: 'send'; readonly text: string }
  | { readonly do: 'repeat'; readonly events: number }
  | { readonly do: 'bookmark'; readonly behind: number }
  | { readonly do: 'wait'; readonly turns: number }
  | {
      readonly do:
        | 'hold'
        | 'release'
        | 'compact'
        | 'cut'
        | 'end'
        | 'down'
        | 'up'
        | 'undefine'
        | 'define'
        | 'refuse-streams';
    };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');

const fault: fc.Arbitrary<RequestFault> = fc.oneof(
  fc.constantFrom<RequestFault>(
    { kind: 'cut' },
    { kind: 'hang' },
    { kind: 'answer', status: 429, headers: { 'retry-after': '0.003' } },
    { kind: 'answer', status: 410, body: { reason: 'Expired' } },
    { kind: 'answer', status: 404 },
    { kind: 'answer', status: 403, body: { reason: 'Forbidden' } },
    { kind: 'answer', status: 401 },
    { kind: 'answer', status: 500 },
    { kind: 'answer', status: 200, body: { type: 'ADDED' } },
  ),
  fc.nat(400).map((bytes): RequestFault => ({ kind: 'cut-after', bytes })),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), name, value: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('fault' as const), fault, times: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      text: fc.constantFrom(
        '{"type":"MODIFIED","obj',
        'no JSON\n',
        '{"type":"ADDED","object":{}}\n',
        '\n',
        errorLine(410, 'Expired', 'too old'),
        errorLine(500, 'InternalError', 'no leader'),
        errorLine(504, 'Timeout', 'Too large resource version'),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('repeat' as const), events: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bookmark' as const), behind: fc.nat(4) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'hold' as const,
        'release' as const,
        'compact' as const,
        'cut' as const,
        'end' as const,
        'down' as const,
        'up' as const,
        'undefine' as const,
        'define' as const,
        'refuse-streams' as const,
      ),
    }),
  },
);

type Steps = { readonly [Kind in Step['do']]: Extract<Step, { readonly do: Kind }> };

/** What each step does. What was held back is told before a stream ends: TCP loses no middle of a stream. */
const acts: {
  readonly [Kind in Step['do']]: (server: FakeApiServer, step: Steps[Kind]) => void | Promise<void>;
} = {
  put: (server, each) => server.put(each.name, each.value),
  remove: (server, each) => server.remove(each.name),
  fault(server, each) {
    let left = each.times;
    server.fault = () => (left-- > 0 ? each.fault : undefined);
  },
  send: (server, { text }) => server.send(text),
  repeat: (server, { events }) => server.repeat(events),
  bookmark(server, { behind }) {
    // One that is ahead of events held back would be a lie.
    server.releaseReversed();
    server.bookmark(Math.max(1, server.version - behind));
  },
  async wait(_server, { turns }) {
    for (let turn = 0; turn < turns; turn++) await setImmediate();
  },
  hold: (server) => server.hold(),
  release: (server) => server.releaseReversed(),
  compact: (server) => server.compact(),
  cut: (server) => server.cut(),
  end(server) {
    server.releaseReversed();
    server.endWatches();
  },
  down: (server) => server.goDown(),
  up: (server) => server.comeUp(),
  undefine(server) {
    server.isServed = false;
  },
  define(server) {
    server.isServed = true;
  },
  'refuse-streams'(server) {
    server.streamsLists = false;
  },
};

async function take(server: FakeApiServer, each: Step): Promise<void> {
  const act = acts[each.do] as (server: FakeApiServer, each: Step) => void | Promise<void>;
  await act(server, each);
}

async function mend(server: FakeApiServer): Promise<void> {
  server.releaseReversed();
  server.fault = () => undefined;
  server.isServed = true;
  await server.comeUp();
}

/** What was told, put together; checks that nothing was told that the receiver had. */
class Told {
  readonly values = new Map<string, number>();
  batches = 0;

  take(changes: readonly ReflectedChange<number>[]): void {
    this.batches += 1;
    assert.equal(new Set(changes.map(({ key }) => key)).size, changes.length, 'a key stands twice');
    for (const { key, value } of changes) {
      if (value === undefined) assert.ok(this.values.delete(key), `${key} was not there`);
      else this.values.set(key, value);
    }
  }
}

test('the state ends equal to the server’s, and so does what was told, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (steps, chance) => {
        await using server = await FakeApiServer.start();
        const client = new KubeClient({
          access: await resolveAccess({ masterURL: server.url, env: {} }),
          timeoutMs: 40,
        });
        const told = new Told();
        const reflector = new Reflector<number>({
          client,
          selection: { type: things },
          decode: ({ value }) => value as number,
          onSynced(items) {
            assert.equal(told.batches, 0, 'synced twice');
            told.take(items);
          },
          onChanged(changes) {
            assert.ok(told.batches > 0, 'changed before synced');
            assert.ok(changes.length > 0, 'no change');
            told.take(changes);
          },
          log: silentLog,
          random: () => chance.next().value as number,
          timing: { retryMs: 1, maxRetryMs: 4, listSilenceMs: 40, watchSilenceMs: 40 },
        });
        const stop = new AbortController();
        const running = reflector.run(stop.signal);
        for (const each of steps) await take(server, each);
        await mend(server);
        server.put('last', 1);
        const wanted = new Map([...server.objects].map(([key, { value }]) => [key, value]));
        try {
          await until('the same state', () => isDeepStrictEqual(told.values, wanted) || undefined, 5_000);
          for (const [key, value] of wanted) assert.equal(reflector.get(key), value);
          assert.equal(reflector.size, wanted.size);
        } finally {
          stop.abort();
          await running;
          client.close();
        }
      },
    ),
    { numRuns: 150 },
  );
});
