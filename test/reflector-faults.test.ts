// What a reflector does when connections break, servers refuse and streams lie: one fault at a time.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { errorLine, eventLine, things, type RequestFault } from './kit/fake-api-server.ts';
import { FakeClock } from './kit/fake-clock.ts';
import { follow, isWatch, lists, once } from './kit/following.ts';
import { until } from './kit/until.ts';

suite('a reflector', () => {
  test('goes on where a broken watch ended, without asking for a list', async () => {
    await using following = await follow((server) => server.put('a', 1));
    const { server } = following;
    await following.reached('synced');
    for (const [i, breakIt] of [
      () => server.cut(),
      () => server.endWatches(),
      () => server.send('{"type":"ADDED","obj'),
      () => server.send('this is no JSON\n'),
      () => server.send('[]\n'),
      () => server.send(eventLine('RENAMED', {})),
      () => server.send(eventLine('ADDED', { metadata: { name: 'x' } })),
      () => server.send(eventLine('BOOKMARK', { metadata: {} })),
      () => server.send(errorLine(500, 'InternalError', 'etcdserver: leader changed')),
    ].entries()) {
      breakIt();
      server.cut();
      server.put(`n${i}`, i);
      await until('the change', () => following.reflector.get(`default/n${i}`) === i || undefined);
    }
    assert.equal(lists(server), 1);
    assert.equal(following.told.flatMap((each) => Object.keys(each)).length, 10);
  });

  test('an event that was begun when the stream ended in its place is a cut', async () => {
    await using following = await follow((server) => server.put('a', 1));
    await following.reached('synced');
    following.server.send('{"type":"MODIF');
    following.server.endWatches();
    await following.reached('failing');
    const line = following.log.lines.find(({ level }) => level === 'warn');
    assert.match(
      String(line?.fields['error']),
      /Cannot watch things\.test\.maesh in all namespaces: the stream ended/,
    );
    following.server.put('a', 2);
    await following.known({ 'default/a': 2 });
  });

  test('asks for a list where the version to go on from is gone, and tells only what differs', async () => {
    await using following = await follow((server) => {
      for (const name of ['a', 'b', 'c']) server.put(name, 1);
    });
    const { server, told } = following;
    await following.reached('synced');
    await server.goDown();
    server.put('a', 2);
    server.remove('b');
    server.put('d', 1);
    server.compact();
    await server.comeUp();
    await following.known({ 'default/a': 2, 'default/c': 1, 'default/d': 1 });
    assert.deepEqual(told.slice(1), [{ 'default/a': 2, 'default/b': undefined, 'default/d': 1 }]);
    assert.equal(lists(server), 2);
    assert.equal(server.requests.filter(({ url }) => url.searchParams.has('resourceVersion')).length, 1);
  });

  test('a page that is gone in the middle of a list begins the list anew', async () => {
    await using following = await follow((server) => {
      server.streamsLists = false;
      for (let i = 0; i < 300; i++) server.put(`t${i}`, i);
      server.fault = ({ url }) => {
        if (url.searchParams.has('continue') && server.requests.length < 4) server.compact();
        return undefined;
      };
    });
    await following.reached('synced');
    assert.deepEqual(
      following.told.map((each) => Object.keys(each).length),
      [300],
    );
    assert.equal(lists(following.server), 5);
  });

  for (const [what, fault] of [
    ['500', { kind: 'answer', status: 500, body: { message: 'etcdserver: no leader' } }],
    ['429 without Retry-After', { kind: 'answer', status: 429 }],
    ['a proxy that answers in its own way', { kind: 'answer', status: 502, body: ['bad gateway'] }],
    ['an answer that is no list', { kind: 'answer', status: 200, body: { kind: 'Status' } }],
    ['a connection that is cut', { kind: 'cut' }],
    ['an answer that is cut', { kind: 'cut-after', bytes: 40 }],
  ] as const satisfies readonly (readonly [string, RequestFault])[]) {
    test(`${what}, on lists and watches, is tried again until it works`, async () => {
      await using following = await follow((server) => {
        server.put('a', 1);
        once(server, 5, fault);
      });
      const { server } = following;
      await following.known({ 'default/a': 1 });
      once(server, 5, fault, isWatch);
      server.endWatches();
      server.put('a', 2);
      await following.known({ 'default/a': 2 });
      await until('the end of trouble', () => following.reflector.state.kind === 'synced' || undefined);
    });
  }

  test('waits as long as the server asks for by Retry-After', async () => {
    const clock = new FakeClock();
    await using following = await follow(
      (server) => {
        server.fault = ({ url }) =>
          isWatch(url) && server.requests.length === 1
            ? { kind: 'answer', status: 429, headers: { 'retry-after': '7' } }
            : undefined;
      },
      { clock },
    );
    const { server } = following;
    await following.reached('failing');
    await until('the wait', () => clock.waiting === 1 || undefined);
    clock.advance(6_999);
    assert.equal(server.requests.length, 1);
    clock.advance(1);
    await following.reached('synced');
  });

  test('a server that is not there is waited for, with one line in the log until that changes', async () => {
    await using following = await follow((server) => server.goDown(), {
      selection: { type: things, namespace: 'shop' },
    });
    const { server, log } = following;
    await following.reached('failing');
    await server.comeUp();
    await following.reached('synced');
    assert.deepEqual(following.states, ['failing', 'synced']);
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['warn', 'info'],
    );
    const { host } = new URL(server.url);
    assert.deepEqual(log.lines[0]?.fields, {
      resource: 'things.test.maesh',
      namespace: 'shop',
      objects: 0,
      error: `Cannot watch things.test.maesh in namespace shop: there is no connection to ${host} (connect ECONNREFUSED ${host})`,
    });
  });

  test('a watch on which nothing comes is given up and resumed; bookmarks keep it', async () => {
    const clock = new FakeClock();
    await using following = await follow((server) => server.put('a', 1), { clock });
    const { server } = following;
    await following.reached('synced');
    clock.advance(149_999);
    server.put('a', 2);
    await following.known({ 'default/a': 2 });
    clock.advance(149_999);
    assert.equal(server.requests.length, 1);
    clock.advance(1);
    await until(
      'the wait',
      () => (following.reflector.state.kind === 'failing' && clock.waiting === 1) || undefined,
    );
    clock.advance(200);
    await until('the next watch', () => server.requests.length === 2 || undefined);
    assert.equal(server.requests[1]?.url.searchParams.get('resourceVersion'), '3');
    await until('the resumption', () => following.reflector.state.kind === 'synced' || undefined);
  });

  test('a watch that the server ends at once is not asked for again at once', async () => {
    const clock = new FakeClock();
    await using following = await follow(undefined, { clock, timing: { retryMs: 200 } });
    const { server } = following;
    await following.reached('synced');
    server.endWatches();
    const asked = (requests: number): Promise<unknown> =>
      until(`request ${requests}`, () => {
        if (server.requests.length === requests) return true;
        clock.advance(1);
        return undefined;
      });
    await asked(2);
    assert.ok(clock.now() >= 100, `${clock.now()} ms`);
    await until('the watch', () => server.watches === 1 || undefined);
    clock.advance(1_000);
    const start = clock.now();
    server.endWatches();
    await until('the third watch', () => server.requests.length === 3 || undefined);
    assert.equal(clock.now(), start);
  });

  test('events that come twice are told once', async () => {
    await using following = await follow((server) => server.put('a', 1));
    const { server } = following;
    await following.reached('synced');
    server.put('a', 2);
    server.put('b', 3);
    server.remove('b');
    server.repeat(1);
    server.put('c', 4);
    server.repeat(1);
    await following.known({ 'default/a': 2, 'default/c': 4 });
    assert.equal(lists(server), 1);
  });

  test('events out of order end in a list', async () => {
    await using following = await follow((server) => server.put('a', 1));
    const { server } = following;
    await following.reached('synced');
    server.hold();
    server.put('b', 1);
    server.remove('b');
    server.put('c', 1);
    server.releaseReversed();
    await following.known({ 'default/a': 1, 'default/c': 1 });
    await until('a list', () => lists(server) === 2 || undefined);
    server.put('a', 5);
    await following.known({ 'default/a': 5, 'default/c': 1 });
  });

  test('an event that can never be read is got over by a list', async () => {
    await using following = await follow((server) => server.put('a', 1));
    const { server } = following;
    await following.reached('synced');
    server.fault = ({ url }) =>
      url.searchParams.has('resourceVersion')
        ? { kind: 'answer', status: 200, body: { type: 'ADDED' } }
        : undefined;
    server.put('b', 2);
    server.cut();
    await until('a list', () => lists(server) === 2 || undefined);
    await following.known({ 'default/a': 1, 'default/b': 2 });
  });

  test('one 404 of a resource that is there makes nothing vanish', async () => {
    await using following = await follow((server) => server.put('a', 1));
    const { server, told } = following;
    await following.reached('synced');
    once(server, 3, { kind: 'answer', status: 404 }, isWatch);
    server.cut();
    await until(
      'the third 404',
      () => server.requests.filter(({ url }) => isWatch(url)).length > 4 || undefined,
    );
    server.fault = ({ url }) => (isWatch(url) ? { kind: 'answer', status: 404 } : { kind: 'cut' });
    const before = server.requests.length;
    server.cut();
    await until('404s that nobody explains', () => server.requests.length > before + 4 || undefined);
    server.fault = () => undefined;
    server.put('b', 2);
    await following.known({ 'default/a': 1, 'default/b': 2 });
    assert.deepEqual(told.slice(1), [{ 'default/b': 2 }]);
  });
});
