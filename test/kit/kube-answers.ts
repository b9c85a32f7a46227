// A Kubernetes client and a server that answers it as a test says.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { afterEach } from 'node:test';

import type { ApiObject, ObjectToWrite } from '../../src/kube/api-object.ts';
import { KubeClient, type ObjectName } from '../../src/kube/client.ts';
import { Credentials, type Access } from '../../src/kube/credentials.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import type { ResourceType } from '../../src/kube/resource-type.ts';
import type { TransportOptions } from '../../src/kube/transport.ts';

/** Core Services. */
export const services: ResourceType = { group: '', version: 'v1', plural: 'services' };

/** Leases. */
export const leases: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };

/** What most answers hold. */
export const object: ObjectToWrite & ApiObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'a', resourceVersion: '7' },
};

/** The name of {@link object}. */
export const one: ObjectName = { type: services, namespace: 'shop', name: 'a' };

/** A request as the server got it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What is closed when the test is over. */
export const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Has a server listen on a free port; returns its URL. */
export async function listen(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    return new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Access to a server at a URL. */
export function accessTo(url: string, headers: Record<string, string> = {}): Access {
  const credentials = new Credentials({ server: new URL(url), tls: {}, headers });
  return { source: 'a test', credentials: () => Promise.resolve(credentials), refused: () => undefined };
}

/** A client of a server that answers so. */
export async function clientOf(
  answer: RequestListener,
  options: Partial<TransportOptions> = {},
): Promise<{ client: KubeClient; seen: Seen[]; url: string }> {
  const seen: Seen[] = [];
  const url = await listen(
    createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        seen.push({ method, url: path, headers, body: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    }),
  );
  const client = new KubeClient({ access: accessTo(url), ...options });
  closing.push(() => client.close());
  return { client, seen, url };
}

/** Answers so, whatever is asked. */
export function replies(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): RequestListener {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (_request, response) => void response.writeHead(status, headers).end(text);
}

/** The error with which a call fails. */
export async function failureOf(call: Promise<unknown>): Promise<KubeError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof KubeError, String(error));
    return error;
  }
  return assert.fail('it did not fail');
}
