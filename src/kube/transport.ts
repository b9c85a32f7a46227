// Calls to an API server: deadlines, patience where the server asks for it, and every failure as a KubeError.

import type { IncomingMessage } from 'node:http';

import { systemClock, type Clock } from '../runtime/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import { AccessError } from './access-error.ts';
import { Connection, type Request } from './connection.ts';
import type { Access } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { failure, KubeError, refusal, type Subject } from './kube-error.ts';

/** What all calls have in common. */
export interface TransportOptions {
  readonly access: Access;
  readonly clock?: Clock;
  /** How long a call may take, in milliseconds; 30 s by default. */
  readonly timeoutMs?: number;
  /** How Maesh names itself in the server's audit log; `maesh` by default. */
  readonly userAgent?: string;
}

/** What one call may have of its own. */
export interface CallOptions {
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/** A request, without what the transport adds. */
export type CallRequest = Omit<Request, 'signal'>;

const defaultTimeoutMs = 30_000;
/** No answer is larger: a page of the largest objects there can be has less than half of it. */
const maxAnswerBytes = 1024 * 1024 * 1024;
const maxRefusalBytes = 256 * 1024;

/** Calls over the connections to one API server. */
export class Transport {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor({
    access,
    clock = systemClock,
    timeoutMs = defaultTimeoutMs,
    userAgent = 'maesh',
  }: TransportOptions) {
    this.#connection = new Connection(access, userAgent);
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sends a request and resolves with the JSON of the answer. A server that is too busy (429, 503) and says when to come
   * back is asked again then, if that is within the time of the call.
   */
  async call(subject: Subject, request: CallRequest, options: CallOptions = {}): Promise<unknown> {
    return await this.#within(subject, options, async (deadline) => {
      for (;;) {
        const answer = await this.#connection.send({ ...request, signal: deadline.signal });
        if (isSuccess(answer)) return await readJson(subject, answer);
        const error = await refused(subject, answer);
        const pauseMs = error.retryAfterSeconds * 1000;
        const isBusy = error.status === 429 || (error.status === 503 && request.isRepeatable);
        if (!isBusy || pauseMs === 0 || this.#clock.now() + pauseMs >= deadline.at) throw error;
        await sleep(pauseMs, { clock: this.#clock, signal: deadline.signal });
      }
    });
  }

  /**
   * Sends a request and resolves with the answer once it has begun, to be read as it comes. The time limit ends there;
   * the signal ends the answer too.
   */
  async open(
    subject: Subject,
    request: CallRequest,
    options: CallOptions & { readonly signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const deadline = this.#deadline(options);
    try {
      const answer = await this.#connection.send({ ...request, signal: deadline.signal });
      if (!isSuccess(answer)) throw await refused(subject, answer);
      deadline.lift();
      answer.once('close', () => deadline.close());
      return answer;
    } catch (error) {
      deadline.close();
      throw this.#explained(error, subject, deadline);
    }
  }

  /** Closes connections that nothing uses any more. */
  close(): void {
    this.#connection.close();
  }

  async #within<T>(
    subject: Subject,
    options: CallOptions,
    action: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const deadline = this.#deadline(options);
    try {
      return await action(deadline);
    } catch (error) {
      throw this.#explained(error, subject, deadline);
    } finally {
      deadline.close();
    }
  }

  #deadline({ timeoutMs = this.#timeoutMs, signal }: CallOptions): Deadline {
    return new Deadline({ clock: this.#clock, timeoutMs, signal });
  }

  /** The error to reject with: the caller's own reason if it aborted, else a KubeError. */
  #explained(error: unknown, subject: Subject, deadline: Deadline): unknown {
    if (deadline.isOver) return failure(subject, { reason: 'Timeout', why: 'no answer came in time' });
    if (deadline.signal.aborted) return deadline.signal.reason;
    if (error instanceof KubeError) return error;
    if (error instanceof AccessError) {
      return failure(subject, { reason: 'NoCredentials', why: error.message, cause: error });
    }
    if (!isNetworkError(error)) return error;
    const host = this.#connection.host;
    if (wasConnected(error)) {
      return failure(subject, {
        reason: 'Cut',
        why: `the connection to ${host} broke (${error.code})`,
        cause: error,
      });
    }
    const why = `there is no connection to ${host} (${messageOf(error)})`;
    return failure(subject, { reason: 'Unreachable', why, cause: error });
  }
}

/** Reads the whole answer as JSON. */
async function readJson(subject: Subject, answer: IncomingMessage): Promise<unknown> {
  const text = await readText(answer, maxAnswerBytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failure(subject, {
      reason: 'Malformed',
      why: 'the answer is no JSON',
      status: answer.statusCode,
      cause: error,
    });
  }
}

async function refused(subject: Subject, answer: IncomingMessage): Promise<KubeError> {
  const text = await readText(answer, maxRefusalBytes);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // What stands between us and the server answers in its own way.
    body = undefined;
  }
  return refusal(subject, {
    status: answer.statusCode ?? 0,
    body,
    retryAfter: answer.headers['retry-after'],
  });
}

async function readText(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

/** Errors of sockets, DNS, TLS and HTTP have a code; mistakes of ours mostly don't. */
function isNetworkError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return false;
  return 'code' in error && typeof error.code === 'string';
}

function wasConnected({ code, syscall }: NodeJS.ErrnoException): boolean {
  return (
    code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE' || syscall === 'read'
  );
}

/** Several addresses that can't be reached give an error without a message of its own. */
function messageOf(error: NodeJS.ErrnoException): string {
  return error.message === '' ? (error.code ?? error.name) : error.message;
}
