// The fault proxy of the test kit before a real API server: that each fault is what it says, and nothing else happens.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, afterEach, before, suite, test } from 'node:test';

import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { KubeObjects, type KubeObject, type WatchEvent } from '../kit/kube-objects.ts';
import { KubeRequester, type KubeAccess } from '../kit/kube-request.ts';
import { until } from '../kit/until.ts';

const maps = '/api/v1/namespaces/test/configmaps';

function map(name: string, value = ''): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'test' }, data: { value } };
}

/** What a watch says of a map: its type, name and value. */
function told({ type, object }: WatchEvent): string {
  return `${type} ${object.metadata.name} ${(object['data'] as { value: string } | undefined)?.value}`;
}

suite('a fault proxy', () => {
  const running = new AsyncDisposableStack();
  let plane: ControlPlane;
  let proxy: FaultProxy;
  let access: KubeAccess;
  /** Asks the server itself. */
  let direct: KubeObjects;
  /** Asks through the proxy. */
  let kube: KubeObjects;
  let requester: KubeRequester;

  before(async () => {
    plane = running.use(await startControlPlane());
    proxy = running.use(await FaultProxy.start({ server: plane.admin, serving: plane.serving }));
    access = { url: proxy.url, ca: plane.admin.ca };
    direct = running.use(new KubeObjects(plane.admin));
    kube = running.use(new KubeObjects(access));
    requester = running.use(new KubeRequester(access));
    await direct.apply(map('first'));
  });
  after(() => running.disposeAsync());
  afterEach(async () => {
    proxy.mend();
    await direct.send({ method: 'DELETE', path: maps });
  });

  /** The revision of the collection as it is. */
  async function revision(): Promise<string> {
    const { metadata } = (await direct.send({ path: maps })) as { metadata: { resourceVersion: string } };
    return metadata.resourceVersion;
  }

  /** A watch through the proxy, once its answer has begun. */
  async function openWatch(query: string): Promise<IncomingMessage> {
    const response = await requester.open({ path: `${maps}?watch=true&${query}` });
    assert.equal(response.statusCode, 200);
    return response;
  }

  async function next(events: AsyncGenerator<WatchEvent, void>): Promise<WatchEvent> {
    const { value } = await events.next();
    assert.ok(value !== undefined, 'the watch has ended');
    return value;
  }

  test('with no fault changes nothing, whoever asks', async () => {
    const seen = proxy.requests.length;
    const [applied] = await kube.apply(map('plain', '1'));
    assert.deepEqual(await kube.get(map('plain')), applied);
    assert.deepEqual(await kube.list(maps), await direct.list(maps));
    const { method, path, status } = proxy.requests.at(-1) ?? {};
    assert.deepEqual([method, path, status], ['GET', maps, 200]);
    assert.ok(proxy.requests.length > seen);
    using byToken = new KubeObjects({ ...access, token: plane.adminToken });
    assert.deepEqual(await byToken.list(maps), await direct.list(maps));
    using stranger = new KubeObjects({ ...access, token: 'wrong' });
    await assert.rejects(stranger.list(maps), { status: 401 });
    const events = kube.watch(`${maps}?resourceVersion=${applied?.metadata.resourceVersion}`);
    await direct.apply(map('plain', '2'));
    assert.equal(told(await next(events)), 'MODIFIED plain 2');
    await events.return();
  });

  test('answers the next requests in the place of the server, or a share of those that a filter picks', async () => {
    const fault = proxy.inject({ kind: 'answer', status: 429, retryAfterSeconds: 7, times: 2 });
    const { status, headers, body } = await requester.send({ path: maps });
    assert.deepEqual([status, headers['retry-after']], [429, '7']);
    assert.partialDeepStrictEqual(body, {
      kind: 'Status',
      code: 429,
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 7 },
    });
    await assert.rejects(kube.send({ method: 'POST', path: maps, body: map('refused') }), { status: 429 });
    assert.deepEqual(await kube.list(maps), []);
    assert.equal(fault.hits, 2);

    using some = proxy.inject({ kind: 'answer', status: 500, share: 0.5, when: ({ path }) => path === maps });
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => (await requester.send({ path: maps })).status),
    );
    const refused = statuses.filter((each) => each === 500).length;
    assert.ok(refused > 15 && refused < 45, `${refused} of 60 were refused`);
    assert.equal(some.hits, refused);
    assert.equal((await requester.send({ path: '/version' })).status, 200);
  });

  test('cuts a request before the server knows of it, or after', async () => {
    const create = (name: string): Promise<unknown> =>
      kube.send({ method: 'POST', path: maps, body: map(name) });
    proxy.inject({ kind: 'cut', at: 'request', times: 1 });
    await assert.rejects(create('before'), { code: 'ECONNRESET' });
    proxy.inject({ kind: 'cut', at: 'answer', times: 1 });
    await assert.rejects(create('after'), { code: 'ECONNRESET' });
    assert.deepEqual(
      (await kube.list(maps)).map(({ metadata }) => metadata.name),
      ['after'],
    );
  });

  test('cuts an answer in its middle', async () => {
    await direct.apply(map('long', 'x'.repeat(10_000)));
    proxy.inject({ kind: 'cut', at: 5_000, times: 1 });
    const response = await requester.open({ path: maps });
    let received = 0;
    response.on('data', (chunk: Buffer) => (received += chunk.length));
    await assert.rejects(once(response, 'end'), { code: 'ECONNRESET' });
    assert.equal(received, 5_000);
  });

  test('says nothing while it is stalled, and goes on where it was', async () => {
    const from = await revision();
    const events = kube.watch(`${maps}?resourceVersion=${from}`);
    const observer = direct.watch(`${maps}?resourceVersion=${from}`);
    await direct.apply(map('one'));
    assert.equal(told(await next(events)), 'ADDED one ');
    await next(observer);
    const stall = proxy.inject({ kind: 'stall' });
    const settled: string[] = [];
    const event = next(events).then((value) => settled.push(told(value)));
    const list = kube.list(maps).then((items) => settled.push(`${items.length} items`));
    await direct.apply(map('two'));
    assert.equal(told(await next(observer)), 'ADDED two ');
    assert.deepEqual(settled, []);
    stall[Symbol.dispose]();
    await Promise.all([event, list]);
    assert.deepEqual(new Set(settled), new Set(['2 items', 'ADDED two ']));
    await Promise.all([events.return(), observer.return()]);
  });

  test('ignores or resets connections as they come', async () => {
    proxy.receive('ignore');
    using ignored = new KubeRequester(access);
    let answered = false;
    const answer = ignored.send({ path: maps }).finally(() => (answered = true));
    await until('the connection', () => proxy.ignored || undefined);
    proxy.receive('reset');
    using turnedAway = new KubeRequester(access);
    await assert.rejects(turnedAway.send({ path: maps }), { code: 'ECONNRESET' });
    assert.equal(answered, false);
    proxy.receive('accept');
    assert.equal((await answer).status, 200);
  });

  test('ends watches with an event of an error', async () => {
    const events = kube.watch(`${maps}?resourceVersion=${await revision()}`);
    const first = next(events);
    await until('the watch', () => proxy.endWatches({ code: 410, message: 'too old' }) || undefined);
    const { type, object } = await first;
    assert.deepEqual([type, object['code'], object['reason']], ['ERROR', 410, 'Expired']);
    assert.equal((await events.next()).done, true);
    assert.equal(proxy.endWatches({ code: 410 }), 0);
  });

  test('cuts connections, and those of watches in the middle of an event', async () => {
    const open = await openWatch(`resourceVersion=${await revision()}`);
    assert.equal(
      proxy.cut(({ isWatch }) => !isWatch),
      0,
    );
    assert.equal(proxy.cut(), 1);
    await assert.rejects(once(open, 'end'), { code: 'ECONNRESET' });

    const broken = await openWatch(`resourceVersion=${await revision()}`);
    let text = '';
    broken.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await direct.apply(map('half'));
    await until('the event', () => text.endsWith('\n') || undefined);
    const whole = text.trim();
    assert.equal(await proxy.cutMidEvent(), 1);
    await assert.rejects(once(broken, 'end'), { code: 'ECONNRESET' });
    assert.equal(text, `${whole}\n${whole.slice(0, whole.length / 2)}`);
  });

  test('tells a watch that is resumed what it was told before, objects mixed, and then what is new', async () => {
    const events = kube.watch(`${maps}?resourceVersion=${await revision()}`);
    const history: [name: string, value: string][] = [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
      ['c', '1'],
      ['b', '2'],
    ];
    for (const [name, value] of history) await direct.apply(map(name, value));
    const before: WatchEvent[] = [];
    while (before.length < history.length) before.push(await next(events));
    await events.return();

    using replay = proxy.inject({ kind: 'replay', events: 4 });
    const resumed = kube.watch(`${maps}?resourceVersion=${before.at(-1)?.object.metadata.resourceVersion}`);
    const again: string[] = [];
    while (again.length < 4) again.push(told(await next(resumed)));
    assert.deepEqual(again.toSorted(), ['ADDED b 1', 'ADDED c 1', 'MODIFIED a 2', 'MODIFIED b 2']);
    assert.ok(again.indexOf('ADDED b 1') < again.indexOf('MODIFIED b 2'));
    await direct.apply(map('c', '2'));
    assert.equal(told(await next(resumed)), 'MODIFIED c 2');
    assert.equal(replay.hits, 1);
    await resumed.return();
  });

  test('keeps bookmarks back, but not the end of the initial events', async () => {
    using _ = proxy.inject({ kind: 'drop-bookmarks' });
    // A server sends a bookmark shortly before it ends a watch, if there is something new elsewhere.
    const query = `allowWatchBookmarks=true&timeoutSeconds=3`;
    const initial = `${query}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`;
    const seen = { direct: [] as string[], kept: [] as string[] };
    const watch = async (objects: KubeObjects, types: string[]): Promise<void> => {
      for await (const { type } of objects.watch(`${maps}?${initial}`)) types.push(type);
    };
    const watches = [watch(direct, seen.direct), watch(kube, seen.kept)];
    await until('the initial events', () => (seen.direct.length > 0 && seen.kept.length > 0) || undefined);
    await direct.apply({ ...map('new'), metadata: { name: 'new', namespace: 'elsewhere' } });
    await Promise.all(watches);
    assert.deepEqual([new Set(seen.direct), seen.kept], [new Set(['BOOKMARK']), ['BOOKMARK']]);
    assert.ok(seen.direct.length > 1);
  });

  test('delays requests', async () => {
    using slow = proxy.inject({ kind: 'delay', ms: 200, when: ({ method }) => method === 'DELETE' });
    const started = performance.now();
    await kube.list(maps);
    assert.equal(slow.hits, 0);
    await kube.delete(map('none'));
    assert.ok(slow.hits > 0);
    // A timer may be up to a millisecond early.
    assert.ok(performance.now() - started >= 199);
  });

  test('passes on that the server is gone, and is its proxy again when it is back', async () => {
    const open = await openWatch(`resourceVersion=${await revision()}`);
    const end = assert.rejects(once(open, 'end'), { code: 'ECONNRESET' });
    await plane.kill('kube-apiserver');
    await end;
    await assert.rejects(kube.list(maps), { code: 'ECONNRESET' });
    await plane.startApiServer();
    assert.deepEqual(await kube.list(maps), []);
  });
});
