import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { FakeApiServer, things } from '../../test/kit/fake-api-server.ts';
import { fast, follow, isWatch, once } from '../../test/kit/following.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { until } from '../../test/kit/until.ts';
import { resolveAccess } from './access.ts';
import { KubeClient } from './client.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

suite('Reflector', () => {
  test('tells everything there is first, then what changes', async () => {
    await using following = await follow((server) => {
      server.put('a', 1);
      server.put('b', 2);
    });
    const { server, told } = following;
    await following.known({ 'default/a': 1, 'default/b': 2 });
    assert.equal(told.length, 1);
    server.put('a', 3);
    await following.known({ 'default/a': 3, 'default/b': 2 });
    server.remove('b');
    server.put('c', 4, 'other');
    await following.known({ 'default/a': 3, 'other/c': 4 });
    assert.deepEqual(Object.assign({}, ...told.slice(1)), {
      'default/a': 3,
      'default/b': undefined,
      'other/c': 4,
    });
    assert.equal(following.reflector.state.kind, 'synced');
  });

  test('an empty resource is a complete set, too', async () => {
    await using following = await follow();
    await following.reached('synced');
    assert.deepEqual(following.told, [{}]);
  });

  test('asks for the namespace and the selectors that it is told, and for bookmarks', async () => {
    await using following = await follow(undefined, {
      selection: {
        type: things,
        namespace: 'shop',
        labelSelector: 'app in (a, b)',
        fieldSelector: 'metadata.name!=x',
      },
    });
    await following.reached('synced');
    const { pathname, searchParams } = following.server.requests[0]?.url ?? new URL('http://none');
    assert.equal(pathname, '/apis/test.maesh/v1/namespaces/shop/things');
    assert.equal(searchParams.get('labelSelector'), 'app in (a, b)');
    assert.equal(searchParams.get('fieldSelector'), 'metadata.name!=x');
    assert.equal(searchParams.get('allowWatchBookmarks'), 'true');
    assert.ok(Number(searchParams.get('timeoutSeconds')) >= 300);
  });

  test('lists page by page where the server does not stream lists, and tries to stream once only', async () => {
    await using following = await follow((server) => {
      server.streamsLists = false;
      for (let i = 0; i < 600; i++) server.put(`t${i}`, i);
    });
    const { server, told } = following;
    await following.reached('synced');
    assert.equal(Object.keys(told[0] ?? {}).length, 600);
    const paged = (): number => server.requests.filter(({ url }) => url.searchParams.has('limit')).length;
    assert.equal(paged(), 3);
    server.compact();
    server.put('t0', -1);
    server.cut();
    await until('the change', () => following.reflector.get('default/t0') === -1 || undefined);
    assert.equal(server.requests.filter(({ url }) => url.searchParams.has('sendInitialEvents')).length, 1);
  });

  test('lists page by page where a server takes the request for a watch without an end of its initial events', async () => {
    const isStreamed = (url: URL): boolean => url.searchParams.has('sendInitialEvents');
    await using following = await follow(
      (server) => {
        server.put('a', 1);
        once(server, 1, { kind: 'hang' }, isStreamed);
        server.streamsLists = true;
      },
      { timing: { ...fast, listSilenceMs: 30 } },
    );
    await following.known({ 'default/a': 1 });
  });

  test('bookmarks carry the version to go on from, and those out of order do not take it back', async () => {
    await using following = await follow((server) => server.put('a', 1));
    const { server } = following;
    await following.reached('synced');
    server.bookmark(40);
    server.bookmark(7);
    server.endWatches();
    await until('the next watch', () => server.requests.length === 2 || undefined);
    assert.equal(server.requests[1]?.url.searchParams.get('resourceVersion'), '40');
  });

  test('a resource that is not there counts as empty, and is found when it comes', async () => {
    await using following = await follow((server) => {
      server.isServed = false;
    });
    const { server, told, log } = following;
    await following.reached('absent');
    assert.deepEqual(told, [{}]);
    assert.match(log.lines[0]?.message ?? '', /no such resource/);
    server.isServed = true;
    server.put('a', 1);
    await following.known({ 'default/a': 1 });
    server.isServed = false;
    server.cut();
    await following.known({});
    assert.deepEqual(following.states, ['absent', 'synced', 'failing', 'absent']);
  });

  test('missing permission is an error that says what to grant, once, and is got over when granted', async () => {
    const message =
      'things.test.maesh is forbidden: User "system:serviceaccount:maesh:maesh" cannot watch resource';
    await using following = await follow((server) => {
      server.fault = () => ({ kind: 'answer', status: 403, body: { reason: 'Forbidden', message } });
    });
    const { server, log } = following;
    await following.reached('forbidden');
    await until('more attempts', () => server.requests.length > 4 || undefined);
    assert.deepEqual(following.told, []);
    server.fault = () => undefined;
    await following.reached('synced');
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['error', 'info'],
    );
    assert.match(
      String(log.lines[0]?.fields['error']),
      /rule \{apiGroups: \["test\.maesh"\], resources: \["things"\], verbs: \["list", "watch"\]\} in a ClusterRole .*says: things\.test/,
    );
  });

  test('objects that decode to nothing are as good as not there, and those that say the same are no change', async () => {
    await using following = await follow(
      (server) => {
        server.put('a', 1);
        server.put('none', 0);
      },
      {
        decode: ({ value }) => (value === 0 ? undefined : Math.trunc(value as number)),
        isSame: (before, after) => before === after,
      },
    );
    const { server, told } = following;
    await following.known({ 'default/a': 1 });
    server.put('none', 0);
    server.put('a', 1.5);
    server.put('none', 7);
    await following.known({ 'default/a': 1, 'default/none': 7 });
    server.put('none', 0);
    await following.known({ 'default/a': 1 });
    assert.deepEqual(Object.assign({}, ...told.slice(1)), { 'default/none': undefined });
  });

  test('ends at once when told to, whatever it is doing', async () => {
    for (const prepare of [
      () => undefined,
      (server: FakeApiServer) => {
        server.fault = () => ({ kind: 'hang' });
      },
      (server: FakeApiServer) => {
        server.fault = () => ({ kind: 'answer', status: 500 });
      },
      (server: FakeApiServer) => {
        server.isServed = false;
        server.fault = ({ url }) => (isWatch(url) ? undefined : { kind: 'hang' });
      },
    ]) {
      await using following = await follow(prepare, { timing: { retryMs: 60_000, maxRetryMs: 60_000 } });
      await until('a request', () => following.server.requests.length > 0 || undefined);
      const start = performance.now();
      await following.stop();
      // What it waits for otherwise lasts for a minute.
      assert.ok(performance.now() - start < 30_000);
    }
  });

  test('what a callback throws ends it: that is a mistake of ours', async () => {
    const server = await FakeApiServer.start();
    const access = await resolveAccess({ masterURL: server.url, env: {} });
    server.put('a', 1);
    const run = (broken: Partial<ReflectorOptions<number>>): Promise<void> =>
      new Reflector<number>({
        client: new KubeClient({ access }),
        selection: { type: things },
        decode: () => 1,
        onSynced: () => undefined,
        onChanged: () => undefined,
        log: new RecordLog(),
        ...broken,
      }).run(new AbortController().signal);
    const fail = (): never => {
      throw new RangeError('mistake');
    };
    await assert.rejects(run({ decode: fail }), RangeError);
    await assert.rejects(run({ onSynced: fail }), RangeError);
    await server[Symbol.asyncDispose]();
  });
});

test('many objects do not keep the event loop from others', async () => {
  let decoded = 0;
  let turns = 0;
  const turn = (): void => {
    if (decoded > 0) turns += 1;
    if (decoded < 1_000) setImmediate(turn);
  };
  const spin = (): number => {
    const end = performance.now() + 0.2;
    while (performance.now() < end);
    return ++decoded;
  };
  await using following = await follow(
    (server) => {
      for (let i = 0; i < 1_000; i++) server.put(`t${i}`, i);
    },
    { decode: spin },
  );
  setImmediate(turn);
  await following.reached('synced');
  assert.equal(decoded, 1_000);
  // A fifth of a second is spent on decoding, by 4 ms: without slices, all of it would be in one turn.
  assert.ok(turns >= 10, `${turns} turns`);
});
