// The load that a test pod makes while a test does something else: calls without end, each kind of them one after the
// other, and every failure remembered.

import { lookup } from 'node:dns/promises';

import { ClientError } from '../clients/client-error.ts';
import { HttpClient, sendHttp, type Dial, type HttpAnswer, type HttpClientOptions } from '../clients/http.ts';
import { talkTcp } from '../clients/tcp.ts';
import { TrafficLoad } from '../traffic-load.ts';

/**
 * How a target is asked:
 * - `kept`: HTTP on a connection that is kept as long as the server keeps it.
 * - `new`: HTTP on a new connection each time, for which its name is looked up.
 * - `tcp`: a TCP conversation on a connection of its own, likewise.
 * - `lookup`: its name is looked up, as any program of the pod does.
 */
export type LoadKind = 'kept' | 'new' | 'tcp' | 'lookup';

/** What is asked; its address is a name. */
export interface LoadTarget extends Dial {
  readonly kind: LoadKind;
}

/** What is asked, and how; `sendsAgain` is about kept connections. */
export interface LoadOrder extends HttpClientOptions {
  readonly targets: readonly LoadTarget[];
  /** Between an answer and the next call to the same target, in milliseconds on average. */
  readonly pauseMs: number;
}

/** A call that was not answered as it should be. */
export interface LoadFailure {
  /** Such as `kept shop.store.maesh:80`. */
  readonly target: string;
  readonly message: string;
  /** When it began and ended, in milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

/** What came of a load so far. */
export interface LoadReport {
  /** Calls, failed ones included. */
  readonly count: number;
  readonly failures: readonly LoadFailure[];
  /** How long the slowest of a thousand took, in milliseconds. */
  readonly slowMs: number;
}

let running: { readonly load: TrafficLoad; readonly clients: DisposableStack } | undefined;

/** Begins a load. A pod makes one at a time. */
export function startLoad({ targets, pauseMs, ...options }: LoadOrder): Promise<object> {
  if (running !== undefined) throw new Error('There is a load already');
  const clients = new DisposableStack();
  const asked = targets.map((target) => {
    const { kind, address, port } = target;
    return { name: `${kind} ${address}:${port}`, ask: askerOf(target, { clients, options }) };
  });
  running = { load: new TrafficLoad(asked, { pauseMs }), clients };
  return Promise.resolve({});
}

/** Says what came of the load so far, which goes on. */
export function reportLoad(): Promise<LoadReport> {
  if (running === undefined) throw new Error('There is no load');
  const { load } = running;
  const failures = load.failures.map(({ target, message, startedAt, endedAt }) => ({
    target,
    message,
    from: performance.timeOrigin + startedAt,
    until: performance.timeOrigin + endedAt,
  }));
  return Promise.resolve({ count: load.count, failures, slowMs: load.quantileMs(0.999) });
}

/** Ends the load when each call is answered, and says what came of it. */
export async function stopLoad(): Promise<LoadReport> {
  await running?.load.stop();
  const report = await reportLoad();
  running?.clients.dispose();
  running = undefined;
  return report;
}

/**
 * Longer than the 5 s after which a resolver asks again, since any datagram may be lost: a DNS server that reads its
 * configuration anew loses those that wait in its socket.
 */
const timeoutMs = 10_000;

function askerOf(
  { kind, address, port }: LoadTarget,
  { clients, options }: { readonly clients: DisposableStack; readonly options: HttpClientOptions },
): () => Promise<void> {
  const dial = { address, port, timeoutMs };
  if (kind === 'kept') {
    const client = clients.use(new HttpClient(options));
    return async () => judge(await client.send(dial));
  }
  if (kind === 'new') return async () => judge(await sendHttp(dial));
  if (kind === 'tcp')
    return async () => void (await talkTcp({ ...dial, send: 'load', halfCloses: 'when answered' }));
  return async () => void (await lookup(address, { family: 4 }));
}

function judge({ status, echo, body }: HttpAnswer): void {
  if (status !== 200 || echo === undefined)
    throw new ClientError('other', `${status}: ${body.slice(0, 200)}`);
}
