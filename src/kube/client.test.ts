import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import {
  accessTo,
  clientOf,
  failureOf,
  leases,
  object,
  one,
  replies,
  services,
} from '../../test/kit/kube-answers.ts';
import { until } from '../../test/kit/until.ts';
import { AccessError } from './access-error.ts';
import { KubeClient } from './client.ts';
import type { Access } from './credentials.ts';
import type { ResourceType } from './resource-type.ts';

suite('KubeClient asks', () => {
  test('for objects, of namespaces and of none', async () => {
    const { client, seen } = await clientOf(replies(200, object));
    assert.deepEqual(await client.get({ type: services, namespace: 'shop', name: 'a' }), object);
    await client.get({
      type: { group: '', version: 'v1', plural: 'nodes' },
      name: 'n1',
      subresource: 'status',
    });
    await client.get({ type: leases, namespace: 'm', name: 'x/y' });
    assert.deepEqual(
      seen.map(({ method, url }) => `${method} ${url}`),
      [
        'GET /api/v1/namespaces/shop/services/a',
        'GET /api/v1/nodes/n1/status',
        'GET /apis/coordination.k8s.io/v1/namespaces/m/leases/x%2Fy',
      ],
    );
    assert.equal(seen[0]?.headers['user-agent'], 'maesh');
    assert.equal(seen[0]?.headers['accept-encoding'], 'identity');
    assert.equal(seen[0]?.headers['content-type'], undefined);
  });

  test('for lists page by page, within what is selected', async () => {
    const { client, seen } = await clientOf((request, response) => {
      const from = new URL(request.url ?? '', 'http://x').searchParams.get('continue');
      const metadata = { resourceVersion: '9', ...(from === null && { continue: 'a&b=' }) };
      replies(200, { metadata, items: from === null ? [object] : null })(request, response);
    });
    const selection = {
      type: services,
      namespace: 'shop',
      labelSelector: 'app=a b',
      fieldSelector: 'spec.x=1',
    };
    assert.deepEqual(await client.list(selection), [object]);
    assert.deepEqual(
      seen.map(({ url }) => url),
      ['', '&continue=a%26b%3D'].map(
        (rest) =>
          `/api/v1/namespaces/shop/services?fieldSelector=spec.x%3D1&labelSelector=app%3Da%20b&limit=250${rest}`,
      ),
    );
    assert.deepEqual(await client.listPage({ type: services }, { limit: 1, from: 'z' }), {
      items: [],
      resourceVersion: '9',
      next: undefined,
    });
  });

  test('for writes: create, server-side apply, patch and delete with what they require', async () => {
    const { client, seen } = await clientOf(replies(200, object));
    await client.create(services, object);
    await client.apply(services, object);
    await client.apply(services, object, { subresource: 'status' });
    const name = { type: services, namespace: 'shop', name: 'a' };
    await client.patch(name, { metadata: { labels: { a: null } }, spec: {} }, { resourceVersion: '7' });
    await client.patch(name, { spec: {} });
    await client.delete(name, { uid: 'u', resourceVersion: '7' });
    await client.delete(name);
    assert.deepEqual(
      seen.map(({ method, url, headers }) => [method, url, headers['content-type']]),
      [
        ['POST', '/api/v1/namespaces/shop/services?fieldManager=maesh', 'application/json'],
        [
          'PATCH',
          '/api/v1/namespaces/shop/services/a?fieldManager=maesh&force=true',
          'application/apply-patch+yaml',
        ],
        [
          'PATCH',
          '/api/v1/namespaces/shop/services/a/status?fieldManager=maesh&force=true',
          'application/apply-patch+yaml',
        ],
        ['PATCH', '/api/v1/namespaces/shop/services/a?fieldManager=maesh', 'application/merge-patch+json'],
        ['PATCH', '/api/v1/namespaces/shop/services/a?fieldManager=maesh', 'application/merge-patch+json'],
        ['DELETE', '/api/v1/namespaces/shop/services/a', 'application/json'],
        ['DELETE', '/api/v1/namespaces/shop/services/a', 'application/json'],
      ],
    );
    assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), object);
    assert.deepEqual(JSON.parse(seen[3]?.body ?? ''), {
      metadata: { labels: { a: null }, resourceVersion: '7' },
      spec: {},
    });
    assert.deepEqual(JSON.parse(seen[4]?.body ?? ''), { spec: {} });
    const deletion = JSON.parse(seen[5]?.body ?? '') as { preconditions: object };
    assert.deepEqual(deletion.preconditions, { uid: 'u', resourceVersion: '7' });
  });

  test('below the path of the server’s address', async () => {
    const { client, seen, url } = await clientOf(replies(200, object));
    const behind = new KubeClient({
      access: accessTo(`${url}/k8s/clusters/c-1/`, { authorization: 'Bearer t' }),
      userAgent: 'maesh/2',
    });
    await behind.get({ type: services, namespace: 'shop', name: 'a' });
    await client.document('/version');
    behind.close();
    assert.equal(seen[0]?.url, '/k8s/clusters/c-1/api/v1/namespaces/shop/services/a');
    assert.equal(seen[0]?.headers.authorization, 'Bearer t');
    assert.equal(seen[0]?.headers['user-agent'], 'maesh/2');
  });
});

suite('KubeClient fails', () => {
  test('with what the server says', async () => {
    const { client } = await clientOf(
      replies(409, { kind: 'Status', reason: 'Conflict', message: 'the object has been modified' }),
    );
    const error = await failureOf(client.patch(one, {}));
    assert.equal(error.message, 'Cannot patch services shop/a: the object has been modified (HTTP 409)');
    assert.deepEqual(
      [error.status, error.reason, error.verb, error.resource],
      [409, 'Conflict', 'patch', 'services'],
    );
    assert.ok(!error.isExpired);
  });

  test('with what to grant where it is not allowed', async () => {
    const { client } = await clientOf(replies(403, { reason: 'Forbidden', message: 'User "x" cannot' }));
    const messages = await Promise.all(
      [
        client.list({ type: leases }),
        client.get({ type: leases, namespace: 'm', name: 'l' }),
        client.apply(services, object, { subresource: 'status' }),
        client.document('/version'),
      ].map(async (call) => (await failureOf(call)).message),
    );
    assert.deepEqual(messages, [
      'Cannot list leases.coordination.k8s.io in all namespaces: not allowed. Grant it by a rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["list"]} in a ClusterRole bound to Maesh\'s account. The API server says: User "x" cannot',
      'Cannot get leases.coordination.k8s.io m/l: not allowed. Grant it by a rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"]} in a ClusterRole or a Role of namespace m, bound to Maesh\'s account. The API server says: User "x" cannot',
      'Cannot patch services/status shop/a: not allowed. Grant it by a rule {apiGroups: [""], resources: ["services/status"], verbs: ["patch"]} in a ClusterRole or a Role of namespace shop, bound to Maesh\'s account. The API server says: User "x" cannot',
      'Cannot get /version: not allowed. Let Maesh\'s account get /version (nonResourceURLs). The API server says: User "x" cannot',
    ]);
  });

  test('with all that has to be granted together', async () => {
    const { client } = await clientOf(replies(403, { reason: 'Forbidden', message: 'User "x" cannot' }));
    const type: ResourceType = { ...leases, verbs: ['list', 'watch'] };
    const messages = await Promise.all(
      [client.list({ type }), client.get({ type, name: 'l' })].map(
        async (call) => /verbs: (\[.*?\])/.exec((await failureOf(call)).message)?.[1],
      ),
    );
    assert.deepEqual(messages, ['["list", "watch"]', '["list", "watch", "get"]']);
  });

  test('without asking for a permission where a namespace is being deleted', async () => {
    const message = 'services "a" is forbidden: namespace shop is being terminated';
    const causes = [{ reason: 'NamespaceTerminating', message: 'it is', field: 'metadata.namespace' }];
    const { client } = await clientOf(replies(403, { reason: 'Forbidden', message, details: { causes } }));
    const error = await failureOf(client.create(services, object));
    assert.ok(error.isNamespaceTerminating);
    assert.equal(error.message, `Cannot create services shop/a: ${message} (HTTP 403)`);
  });

  test('with a word of its own where the server gives none', async () => {
    let status = 0;
    const { client } = await clientOf((request, response) => replies(status, '<html>')(request, response));
    for (const [code, reason] of [
      [404, 'NotFound'],
      [410, 'Expired'],
      [502, 'InternalError'],
      [418, 'Unknown'],
    ] as const) {
      status = code;
      const error = await failureOf(client.get(one));
      assert.deepEqual([error.status, error.reason, error.isExpired], [code, reason, code === 410]);
    }
  });

  test('with answers that can’t be understood', async () => {
    let body: unknown = '';
    const { client } = await clientOf((request, response) => replies(200, body)(request, response));
    for (const each of [
      '{"metadata"',
      '[]',
      '{}',
      '{"metadata":{"name":"a"}}',
      '{"metadata":{"name":"a","resourceVersion":"1","namespace":3}}',
    ]) {
      body = each;
      assert.equal((await failureOf(client.get(one))).reason, 'Malformed');
      assert.equal((await failureOf(client.list({ type: services }))).reason, 'Malformed');
    }
    body = { metadata: { resourceVersion: '1' }, items: [{}] };
    assert.equal((await failureOf(client.list({ type: services }))).reason, 'Malformed');
  });

  test('with connections that can’t be made or break', async () => {
    const { client } = await clientOf((request) => request.socket.resetAndDestroy());
    const cut = await failureOf(client.get(one));
    assert.deepEqual([cut.status, cut.reason], [0, 'Cut']);
    assert.match(
      cut.message,
      /^Cannot get services shop\/a: the connection to 127\.0\.0\.1:\d+ broke \(ECONNRESET\)$/,
    );
    for (const [url, why] of [
      [
        'http://127.95.0.1:9',
        /there is no connection to 127\.95\.0\.1:9 \(connect ECONNREFUSED 127\.95\.0\.1:9\)$/,
      ],
      ['http://none.invalid:80', /there is no connection to none\.invalid \(getaddrinfo E.*\)$/],
    ] as const) {
      const error = await failureOf(new KubeClient({ access: accessTo(url) }).get(one));
      assert.equal(error.reason, 'Unreachable');
      assert.match(error.message, why);
    }
  });

  test('when an answer is cut in the middle', async () => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{');
      setImmediate(() => response.destroy());
    });
    assert.equal((await failureOf(client.get(one))).reason, 'Cut');
  });

  test('without credentials, by what is wrong with them', async () => {
    const access: Access = {
      source: 'a test',
      credentials: () => Promise.reject(new AccessError('There is no token. Make one')),
      refused: () => undefined,
    };
    const error = await failureOf(new KubeClient({ access }).get(one));
    assert.equal(error.reason, 'NoCredentials');
    assert.equal(error.message, 'Cannot get services shop/a: There is no token. Make one');
  });

  test('when time is up, and with the caller’s own reason when that aborts', async () => {
    const clock = new FakeClock();
    const { client, seen } = await clientOf(() => undefined, { clock });
    const late = failureOf(client.get(one, { timeoutMs: 500 }));
    await until('the request', () => seen.length === 1 || undefined);
    clock.advance(500);
    assert.equal((await late).reason, 'Timeout');
    const stop = new AbortController();
    const reason = new Error('enough');
    const call = assert.rejects(client.get(one, { signal: stop.signal }), (error) => error === reason);
    await until('the request', () => seen.length === 2 || undefined);
    stop.abort(reason);
    await call;
    await assert.rejects(client.get(one, { signal: stop.signal }), (error) => error === reason);
    assert.equal(seen.length, 2);
    assert.equal(clock.waiting, 0);
  });
});

suite('KubeClient waits for credentials', () => {
  const access: Access = {
    source: 'a test',
    credentials: () => new Promise(() => {}),
    refused: () => undefined,
  };

  test('no longer than the call may take', async () => {
    const clock = new FakeClock();
    const late = failureOf(new KubeClient({ access, clock }).get(one, { timeoutMs: 500 }));
    clock.advance(500);
    assert.equal((await late).reason, 'Timeout');
  });

  test('no longer than the caller does', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const call = new KubeClient({ access }).get(one, { signal: stop.signal });
    stop.abort(reason);
    await assert.rejects(call, (error) => error === reason);
  });
});

suite('KubeClient is patient', () => {
  test('with a server that says when to come back, within the time of the call', async () => {
    const clock = new FakeClock();
    const { client, seen } = await clientOf(
      (request, response) => {
        const isBusy = seen.length < 3;
        replies(
          isBusy ? 429 : 200,
          isBusy ? {} : object,
          isBusy ? { 'retry-after': '10' } : {},
        )(request, response);
      },
      { clock },
    );
    const call = client.create(services, object);
    for (const requests of [1, 2]) {
      // Its time limit and its wait.
      await until('the wait', () => (seen.length === requests && clock.waiting === 2) || undefined);
      clock.advance(10_000);
    }
    assert.deepEqual(await call, object);
  });

  test('but not beyond it, and not with writes that a server may have done', async () => {
    let status = 429;
    const { client, seen } = await clientOf((request, response) =>
      replies(status, { details: { retryAfterSeconds: 30 } })(request, response),
    );
    const error = await failureOf(client.get(one));
    assert.deepEqual([error.reason, error.retryAfterSeconds, seen.length], ['TooManyRequests', 30, 1]);
    status = 503;
    await failureOf(client.create(services, object, { timeoutMs: 60_000 }));
    assert.equal(seen.length, 2);
  });
});
