// Asks one service again and again until the answer is what it should become.

import { Agent, get, type IncomingMessage, type RequestOptions } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { text } from 'node:stream/consumers';

import { now } from './now.ts';

/** An answer of a service. */
export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

/** Where a probe connects to. */
interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  /** Address from which it connects; the system's choice by default. */
  readonly localAddress?: string;
}

/** Between two questions on a connection: the shortest time that Node's timers know. */
const pauseMs = 1;
const patienceMs = 60_000;

/**
 * Two connections that are kept: each of Envoy's two workers has one of them, since listeners of Maesh balance
 * connections exactly. Workers take up a change one after the other.
 */
export class Probe implements Disposable {
  readonly #agents = [0, 1].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  readonly #at: ProbeTarget;

  constructor(at: ProbeTarget) {
    this.#at = at;
  }

  /** Asks once on the first connection. Rejects where there is no answer. */
  async ask(host: string): Promise<ProbeAnswer> {
    const [agent] = this.#agents;
    return ask({ ...this.#at, ...(agent && { agent }), headers: { host } });
  }

  /**
   * Asks on both connections until each has had an answer that is `wanted`; any other must be `tolerated`.
   *
   * @returns when the later one had it.
   */
  async until(
    host: string,
    wanted: (answer: ProbeAnswer) => boolean,
    tolerated: (answer: ProbeAnswer) => boolean,
  ): Promise<number> {
    const deadline = now() + patienceMs;
    const times = this.#agents.map(async (agent) => {
      for (;;) {
        const answer = await ask({ ...this.#at, agent, headers: { host } });
        if (wanted(answer)) return now();
        if (!tolerated(answer)) throw new Error(`${host} answers ${answer.status}: ${answer.body}`);
        if (now() > deadline)
          throw new Error(`${host} still answers ${answer.status} after ${patienceMs} ms`);
        await pause(pauseMs);
      }
    });
    return Math.max(...(await Promise.all(times)));
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents) agent.destroy();
  }
}

async function ask(options: RequestOptions): Promise<ProbeAnswer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(options, resolve).on('error', reject);
  });
  return { status: response.statusCode ?? 0, body: await text(response) };
}
