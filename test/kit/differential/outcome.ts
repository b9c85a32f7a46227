// What came of the requests of a probe, on one side.

import { setTimeout as delay } from 'node:timers/promises';
import type { HttpEcho } from '../backends/http-echo.ts';
import { ClientError } from '../clients/client-error.ts';
import { HttpClient, type Dial } from '../clients/http.ts';
import { talkTcp } from '../clients/tcp.ts';
import { talkUdp } from '../clients/udp.ts';
import type { Probe } from './case.ts';

/** Counts of answers. */
export interface Outcome {
  /** By status, or by how there was none: `closed`, `refused`, `timeout`. Connections and datagrams have `answered`. */
  readonly statuses: ReadonlyMap<string, number>;
  /** By the pod that answered. */
  readonly pods: ReadonlyMap<string, number>;
  /** What a pod saw of the first request that it answered, with 200 and an echo. */
  readonly seen: HttpEcho | undefined;
}

interface Answer {
  readonly status: string;
  readonly pod?: string | undefined;
  readonly echo?: HttpEcho | undefined;
}

/** Sends what a probe says, one after the other; HTTP over one connection, which is kept. */
export async function outcomeOf(probe: Probe, to: Dial, host: string): Promise<Outcome> {
  using client = new HttpClient();
  const statuses = new Map<string, number>();
  const pods = new Map<string, number>();
  let seen: HttpEcho | undefined;
  for await (const { status, pod, echo } of answers(probe, () => answer(probe, { client, to, host }))) {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (pod !== undefined) pods.set(pod, (pods.get(pod) ?? 0) + 1);
    seen ??= echo;
  }
  return { statuses, pods, seen };
}

/** How long a breaker may take to open: several times as long as it looks away. */
const untilOpenMs = 5_000;

async function* answers(probe: Probe, next: () => Promise<Answer>): AsyncGenerator<Answer> {
  if (probe.until503 === undefined) {
    for (let sent = 0; sent < probe.times; sent++) yield await next();
    return;
  }
  for (const deadline = performance.now() + untilOpenMs; performance.now() < deadline; await delay(20)) {
    const given = await next();
    yield given;
    if (given.status === '503') return;
  }
}

async function answer(
  probe: Probe,
  { client, to, host }: { readonly client: HttpClient; readonly to: Dial; readonly host: string },
): Promise<Answer> {
  const from = probe.from === undefined ? {} : { from: probe.from };
  try {
    if (probe.traffic === 'tcp') {
      // Traefik 3 cuts some connections that are half-closed before there is an answer. Where no router is for one, it
      // waits for more of what may be HTTP, and closes what begins like TLS.
      const { name } = await talkTcp({ ...to, ...from, send: '\x16hello', halfCloses: 'when answered' });
      return { status: 'answered', pod: name };
    }
    if (probe.traffic === 'udp') {
      const { name } = await talkUdp({ ...to, ...from, send: 'hello', timeoutMs: 1_000 });
      return { status: 'answered', pod: name };
    }
    const { method = 'GET', path = '/', headers = {} } = probe;
    const {
      status,
      echo,
      headers: answered,
    } = await client.send({ ...to, ...from, host, method, path, headers });
    return { status: String(status), pod: answered['served-by'], echo };
  } catch (error) {
    const { failure, message } = ClientError.from(error);
    return { status: failure === 'other' ? message : failure };
  }
}
