import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { suite, test } from 'node:test';

import {
  accessTo,
  clientOf,
  closing,
  failureOf,
  listen,
  object,
  one,
  replies,
  services,
} from '../../test/kit/kube-answers.ts';
import { until } from '../../test/kit/until.ts';
import { KubeClient } from './client.ts';
import { Credentials, type Access } from './credentials.ts';

suite('connections', () => {
  test('are kept from one request to the next', async () => {
    const ports = new Set<number | undefined>();
    const { client } = await clientOf((request, response) => {
      ports.add(request.socket.remotePort);
      replies(200, object)(request, response);
    });
    for (let i = 0; i < 5; i++) await client.get(one);
    assert.equal(ports.size, 1);
  });

  test('one that the server has closed meanwhile is no failure for what may be sent again', async () => {
    let requests = 0;
    const url = await listen(
      // A server that answers one request a connection, and closes it when another comes.
      createTcpServer((socket) => {
        let isFirst = true;
        socket.on('error', () => undefined);
        socket.on('data', () => {
          requests += 1;
          if (!isFirst) socket.resetAndDestroy();
          isFirst = false;
          const body = JSON.stringify(object);
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        });
      }),
    );
    const client = new KubeClient({ access: accessTo(url) });
    closing.push(() => client.close());
    await client.get(one);
    await client.get(one);
    assert.equal(requests, 3);
    assert.equal((await failureOf(client.create(services, object))).reason, 'Cut');
    assert.equal(requests, 4);
  });

  test('credentials that are refused are renewed once, and the request is sent again', async () => {
    let token = 1;
    const refusals: string[] = [];
    const { url, seen } = await clientOf((request, response) => {
      const isGood = request.headers.authorization === 'Bearer 2';
      replies(isGood ? 200 : 401, isGood ? object : {})(request, response);
    });
    const access: Access = {
      source: 'a test',
      credentials: () =>
        Promise.resolve(
          new Credentials({ server: new URL(url), tls: {}, headers: { authorization: `Bearer ${token}` } }),
        ),
      refused(credentials) {
        refusals.push(String(credentials.headers['authorization']));
        token += 1;
      },
    };
    const client = new KubeClient({ access });
    closing.push(() => client.close());
    await client.create(services, object);
    assert.deepEqual(refusals, ['Bearer 1']);
    assert.equal(seen.length, 2);
    token = 7;
    const error = await failureOf(client.get(one));
    assert.equal(error.reason, 'Unauthorized');
    assert.match(error.message, /does not accept the credentials\. Look whether the token/);
    assert.deepEqual(refusals, ['Bearer 1', 'Bearer 7']);
    assert.equal(seen.length, 4);
  });

  test('credentials that are refused and can’t be renewed are not sent again', async () => {
    const { client, seen } = await clientOf(replies(401, {}));
    assert.equal((await failureOf(client.get(one))).status, 401);
    assert.equal(seen.length, 1);
  });

  test('go through the proxy that the kubeconfig names', async () => {
    const { url } = await clientOf(replies(200, object));
    const asked: string[] = [];
    const proxy = await listen(
      createServer((request, response) => {
        asked.push(request.url ?? '');
        replies(200, object)(request, response);
      }),
    );
    const credentials = new Credentials({ server: new URL(url), tls: {}, headers: {}, proxyUrl: proxy });
    const access: Access = {
      source: 'a test',
      credentials: () => Promise.resolve(credentials),
      refused: () => undefined,
    };
    const client = new KubeClient({ access });
    closing.push(() => client.close());
    await client.get(one);
    assert.deepEqual(asked, [`${url}/api/v1/namespaces/shop/services/a`]);
  });

  test('credentials of another identity get connections of their own, and those of the old one are closed', async () => {
    const ports: (number | undefined)[] = [];
    const sockets = new Set<unknown>();
    let release: (() => void) | undefined;
    const { url } = await clientOf((request, response) => {
      ports.push(request.socket.remotePort);
      sockets.add(request.socket);
      request.socket.on('close', () => sockets.delete(request.socket));
      const reply = (): void => replies(200, object)(request, response);
      if (ports.length === 1) release = reply;
      else reply();
    });
    let servername = 'a';
    const access: Access = {
      source: 'a test',
      credentials: () =>
        Promise.resolve(new Credentials({ server: new URL(url), tls: { servername }, headers: {} })),
      refused: () => undefined,
    };
    const client = new KubeClient({ access });
    closing.push(() => client.close());
    const slow = client.get(one);
    await until('the slow request', () => release);
    await client.get(one);
    servername = 'b';
    await client.get(one);
    release?.();
    assert.deepEqual(await slow, object);
    assert.equal(new Set(ports).size, 3);
    await until('the old connections to be closed', () => sockets.size === 1 || undefined);
  });
});
