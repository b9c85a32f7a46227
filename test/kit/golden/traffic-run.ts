// Runs the steps of a golden case's traffic: sends what they say through a mesh, and checks what comes back.

import assert from 'node:assert/strict';
import type { WebSocketEcho } from '../backends/http.ts';
import { ClientError } from '../clients/client-error.ts';
import { talkGrpc } from '../clients/grpc.ts';
import { HttpClient, type Dial, type HttpAnswer } from '../clients/http.ts';
import { talkTcp } from '../clients/tcp.ts';
import { talkUdp } from '../clients/udp.ts';
import { talkWebSocket } from '../clients/web-socket.ts';
import type { MeshEntrances } from '../entrances.ts';
import type {
  ExchangeStep,
  From,
  GrpcStep,
  HttpStep,
  Target,
  TcpStep,
  UdpStep,
  WebSocketStep,
} from './traffic-format.ts';

/**
 * How far a share may be from the one expected. Steps with shares are run 200 times: by chance alone a share of one
 * half is off by more than this once in 60,000 runs, and the proxy's round robin is much closer.
 */
const shareTolerance = 0.15;

/** Runs a step that sends something. Rejects with what was not as expected. */
export async function runExchange(step: ExchangeStep, mesh: MeshEntrances): Promise<void> {
  using client = new HttpClient();
  const names: string[] = [];
  for (let time = 0; time < step.times; time++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the order is the same in every run
    const name = await runOnce(step, mesh, client);
    if (name !== undefined) names.push(name);
  }
  if (step.expect.from !== undefined) checkShares(names, step.expect.from);
}

/** Sends once and checks the answer; returns who gave it. */
function runOnce(step: ExchangeStep, mesh: MeshEntrances, client: HttpClient): Promise<string | undefined> {
  if ('http' in step) return checkFailure(step, runHttp(step, mesh, client));
  if ('webSocket' in step) return checkFailure(step, runWebSocket(step, mesh));
  if ('grpc' in step) return runGrpc(step, mesh);
  if ('tcp' in step) return checkFailure(step, runTcp(step, mesh));
  return checkFailure(step, runUdp(step, mesh));
}

async function checkFailure(
  { expect }: Exclude<ExchangeStep, GrpcStep>,
  answer: Promise<string>,
): Promise<string | undefined> {
  if (expect.failure === undefined) return await answer;
  const outcome = await answer.then(
    (name) => `an answer of ${name}`,
    (error: unknown) => ClientError.from(error).failure,
  );
  assert.equal(outcome, expect.failure);
  return undefined;
}

async function runHttp(step: HttpStep, mesh: MeshEntrances, client: HttpClient): Promise<string> {
  const { by, protocol, method, path, headers, body, bodyBytes } = step.http;
  const answer = await client.send({
    ...dial(step.http, mesh),
    protocol: by === 'proxy' ? 'proxy' : (protocol ?? 'http1'),
    method: method ?? 'GET',
    path: path ?? '/',
    headers: headers ?? {},
    ...(body !== undefined && { body }),
    ...(bodyBytes !== undefined && { body: Buffer.alloc(bodyBytes, 'x') }),
  });
  checkHttp(answer, step.expect);
  return answer.headers['served-by'] ?? '';
}

function checkHttp(answer: HttpAnswer, expect: HttpStep['expect']): void {
  const { status, body, answerBytes, headers, trailers, informational, echo, echoHasNot } = expect;
  if (status !== undefined)
    assert.equal(answer.status, status, `status with the body ${answer.body.slice(0, 500)}`);
  if (body !== undefined) assert.equal(answer.body, body);
  if (answerBytes !== undefined) assert.equal(answer.body.length, answerBytes);
  if (headers !== undefined) assert.partialDeepStrictEqual(answer.headers, headers);
  if (trailers !== undefined) assert.partialDeepStrictEqual(answer.trailers, trailers);
  if (informational !== undefined) assert.deepEqual(answer.informational, informational);
  if (echo !== undefined) assert.partialDeepStrictEqual(answer.echo, echo);
  if (echoHasNot === undefined) return;
  assert.notEqual(answer.echo, undefined, 'the backend echoed the request');
  const received = Object.keys(answer.echo?.headers ?? {});
  const unwanted = received.filter((name) => echoHasNot.some((pattern) => matches(name, pattern)));
  assert.deepEqual(unwanted, []);
}

async function runWebSocket({ webSocket, expect }: WebSocketStep, mesh: MeshEntrances): Promise<string> {
  const { path, messages } = webSocket;
  const replies = await talkWebSocket({
    ...dial(webSocket, mesh),
    messages,
    ...(path !== undefined && { path }),
  });
  const echoes = replies.filter((reply): reply is WebSocketEcho => !Buffer.isBuffer(reply));
  assert.deepEqual(
    echoes.map(({ message }) => message),
    messages,
  );
  for (const echo of echoes) assert.partialDeepStrictEqual(echo, expect.echo ?? {});
  return echoes[0]?.name ?? '';
}

async function runGrpc({ grpc, expect }: GrpcStep, mesh: MeshEntrances): Promise<string> {
  const messages = grpc.messages.map(({ text, times = 1, failWith = 0 }) => ({ text, times, failWith }));
  const answer = await talkGrpc({ ...dial(grpc, mesh), call: grpc.call, messages });
  if (expect.status !== undefined) assert.equal(answer.status, expect.status, answer.details);
  const texts = answer.replies.map(({ text }) => text);
  if (expect.texts !== undefined) assert.deepEqual(texts, expect.texts);
  if (expect.trailers !== undefined) assert.partialDeepStrictEqual(answer.trailers, expect.trailers);
  if (expect.host !== undefined) assert.equal(answer.replies[0]?.host, expect.host);
  return answer.trailers['served-by'] ?? '';
}

async function runTcp({ tcp, expect }: TcpStep, mesh: MeshEntrances): Promise<string> {
  const answer = await talkTcp({
    ...dial(tcp, mesh),
    send: tcp.sendBytes === undefined ? (tcp.send ?? '') : 'x'.repeat(tcp.sendBytes),
    speaksFirst: tcp.speaksFirst ?? 'client',
  });
  if (expect.received !== undefined) assert.equal(answer.received, expect.received);
  if (expect.receivedBytes !== undefined) assert.equal(answer.received.length, expect.receivedBytes);
  return answer.name;
}

async function runUdp({ udp, expect }: UdpStep, mesh: MeshEntrances): Promise<string> {
  const answer = await talkUdp({ ...dial(udp, mesh), send: udp.send });
  if (expect.received !== undefined) assert.equal(answer.received, expect.received);
  return answer.name;
}

/** The address and port that a target means, and the Host that a client would send there. */
function dial({ to, by, meshPort, host }: Target, mesh: MeshEntrances): Dial & { readonly host?: string } {
  const { proxyAddress, httpPort } = mesh;
  const given = host === undefined ? {} : { host };
  if (meshPort !== undefined) return { address: proxyAddress, port: meshPort, ...given };
  if (to === undefined) return { ...httpPort, ...given };
  const entrance = known(mesh.ports.get(to), `service port ${to} in the mesh`);
  const named = { host: host ?? entrance.host };
  if (by === 'host' || by === 'proxy') return { ...httpPort, ...named };
  if (by === 'meshPort') {
    return { address: proxyAddress, port: known(entrance.meshPort, `mesh port of ${to}`), ...named };
  }
  assert.equal(by, 'name', `a step to ${to} says by what`);
  return {
    address: known(entrance.localAddress, `address of ${to}`),
    port: known(entrance.localPort, `local port of ${to}`),
    ...named,
  };
}

function checkShares(names: readonly string[], from: From): void {
  const expected = typeof from === 'string' ? { [from]: 1 } : from;
  const counts = Object.fromEntries(Object.keys(expected).map((name) => [name, 0]));
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  const isAsExpected = Object.entries(counts).every(([name, count]) => {
    const share = expected[name];
    if (share === undefined || share === 1) return share === count / names.length;
    return count > 0 && Math.abs(count / names.length - share) <= shareTolerance;
  });
  assert.ok(
    isAsExpected,
    `answers came from ${JSON.stringify(counts)}, expected shares ${JSON.stringify(expected)}`,
  );
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`There is no ${what}`);
  return value;
}
