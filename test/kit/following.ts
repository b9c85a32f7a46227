// A reflector that follows a fake API server, with what it told and how it stood, for tests.

import assert from 'node:assert/strict';

import { resolveAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import type { ReflectedChange } from '../../src/kube/reflected-set.ts';
import { Reflector, type ReflectorOptions } from '../../src/kube/reflector.ts';
import { byText } from '../../src/model/key.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { FakeApiServer, things, type RequestFault } from './fake-api-server.ts';
import { RecordLog } from './record-log.ts';
import { until } from './until.ts';

/** Waits that a test need not wait for. */
export const fast: { readonly retryMs: number; readonly maxRetryMs: number } = { retryMs: 1, maxRetryMs: 5 };

/** A reflector at work, and what it has told. */
export interface Following extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly reflector: Reflector<number>;
  readonly log: RecordLog;
  /** The first set, then each batch of changes; deletions as undefined. */
  readonly told: Readonly<Record<string, number | undefined>>[];
  readonly states: string[];
  /** Resolves when what is known is this. */
  known(wanted: Readonly<Record<string, number>>): Promise<void>;
  /** Resolves when a state is reached. */
  reached(state: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server, prepares it, and has a reflector follow its things. Values are those of the things. */
export async function follow(
  prepare: (server: FakeApiServer) => void | Promise<void> = () => undefined,
  options: Partial<ReflectorOptions<number>> = {},
): Promise<Following> {
  const server = await FakeApiServer.start();
  await prepare(server);
  const access = await resolveAccess({ masterURL: server.url, env: {} });
  const client = new KubeClient({ access, clock: options.clock ?? systemClock });
  const told: Following['told'] = [];
  const states: string[] = [];
  const log = new RecordLog();
  const record = (changes: readonly ReflectedChange<number>[]): void =>
    void told.push(Object.fromEntries(changes.map(({ key, value }) => [key, value])));
  const reflector = new Reflector<number>({
    client,
    selection: { type: things },
    decode: (object) => object['value'] as number,
    onSynced: record,
    onChanged: record,
    onState: ({ kind }) => states.push(kind),
    log,
    timing: fast,
    ...options,
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
    client.close();
  };
  const state = (): Record<string, number | undefined> =>
    Object.assign({}, ...told) as Record<string, number>;
  return {
    server,
    reflector,
    log,
    told,
    states,
    async known(wanted) {
      const text = entriesText(wanted);
      await until(`the objects ${text}`, () => {
        return entriesText(state()) === text || undefined;
      });
      assert.equal(reflector.size, Object.keys(wanted).length);
      for (const [key, value] of Object.entries(wanted)) assert.equal(reflector.get(key), value);
      assert.deepEqual([...reflector.values()].toSorted(byNumber), Object.values(wanted).toSorted(byNumber));
    },
    async reached(wanted) {
      await until(`state ${wanted}`, () => states.includes(wanted) || undefined);
    },
    stop: end,
    async [Symbol.asyncDispose]() {
      await end();
      await server[Symbol.asyncDispose]();
    },
  };
}

function byNumber(a: number, b: number): number {
  return a - b;
}

/** What is there, in one order. */
function entriesText(objects: Readonly<Record<string, number | undefined>>): string {
  const there = Object.entries(objects).filter(([, value]) => value !== undefined);
  return JSON.stringify(there.toSorted(([a], [b]) => byText(a, b)));
}

/** Has the next requests that fit answered so; the others as they should be. */
export function once(
  server: FakeApiServer,
  times: number,
  fault: RequestFault,
  isFor: (url: URL) => boolean = () => true,
): void {
  let left = times;
  server.fault = ({ url }) => (isFor(url) && left-- > 0 ? fault : undefined);
}

/** Whether a request is a watch. */
export function isWatch(url: URL): boolean {
  return url.searchParams.has('watch');
}

const isList = (url: URL): boolean => url.searchParams.get('sendInitialEvents') === 'true' || !isWatch(url);
/** How many lists, or pages of one, were asked for. */
export function lists({ requests }: FakeApiServer): number {
  return requests.filter(({ url }) => url.pathname.endsWith('/things') && isList(url)).length;
}
