// The stream of a watch: bytes → events, an end when nothing comes any more, and every fault as a KubeError.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

import type { IncomingMessage } from 'node:http';

import type { Clock, Timer } from '../runtime/clock.ts';
import { isApiObject, isRecord, type ApiObject } from './api-object.ts';
import { failure, KubeError, refusal, type Subject } from './kube-error.ts';
import { LineSplitter, LongLineError } from './line-splitter.ts';
import type { ObjectEventType } from './reflected-set.ts';
import type { Turns } from './turns.ts';

/** What a watch tells. */
export type WatchEvent =
  | { readonly type: ObjectEventType; readonly object: ApiObject }
  /** Every event up to a version has come; `endsList` where these were what there is, told as events. */
  | { readonly type: 'BOOKMARK'; readonly version: string; readonly endsList: boolean };

/** How a stream is read. */
export interface WatchStreamOptions {
  readonly subject: Subject;
  readonly clock: Clock;
  /** How long nothing may come, in milliseconds; asked for anew whenever something came. */
  readonly silenceMs: () => number;
  /** What parsing is counted to. */
  readonly turns: Turns;
}

/** The largest object that etcd takes has 1.5 MiB; JSON with its managed fields written out may be some times that. */
const maxEventBytes = 32 * 1024 * 1024;

/** The server says so of the bookmark that ends the initial events of a watch that asked for them. */
const endOfList = 'k8s.io/initial-events-end';

/**
 * Reads a stream: gives the events of each chunk that comes, in order, and returns when the server ends the stream in
 * its place. Throws KubeError: what the server says in an event of type ERROR, `Cut` for a stream that broke,
 * `Silent` for one on which nothing came, `Malformed` for one that can't be understood; always after the events before.
 * The stream is closed in the end.
 */
export async function* watchEvents(
  stream: IncomingMessage,
  options: WatchStreamOptions,
): AsyncGenerator<readonly WatchEvent[], void, undefined> {
  const { subject, turns } = options;
  const splitter = new LineSplitter(maxEventBytes);
  const watchdog = new Watchdog(stream, options);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const { events, error } = await turns.spend(() => eventsOf(splitter, chunk, subject));
      if (events.length > 0) yield events;
      if (error !== undefined) throw error;
      // How long silence may last can depend on what came.
      watchdog.heard();
    }
  } catch (error) {
    throw asKubeError(error, subject);
  } finally {
    watchdog.stop();
  }
  if (splitter.isMidLine) throw failure(subject, { reason: 'Cut', why: 'the stream ended within an event' });
}

/** Breaks a stream on which nothing comes. */
class Watchdog {
  readonly #stream: IncomingMessage;
  readonly #options: WatchStreamOptions;
  #timer: Timer;

  constructor(stream: IncomingMessage, options: WatchStreamOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#timer = this.#start();
  }

  heard(): void {
    this.#timer.cancel();
    this.#timer = this.#start();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #start(): Timer {
    const { clock, silenceMs, subject } = this.#options;
    const ms = silenceMs();
    return clock.after(ms, () => {
      this.#stream.destroy(failure(subject, { reason: 'Silent', why: `nothing came for ${ms / 1000} s` }));
    });
  }
}

/** The events that a chunk ends, up to the first that can't be read. */
function eventsOf(
  splitter: LineSplitter,
  chunk: Buffer,
  subject: Subject,
): { readonly events: readonly WatchEvent[]; readonly error?: Error } {
  const events: WatchEvent[] = [];
  try {
    for (const line of splitter.push(chunk)) events.push(eventOf(line, subject));
    return { events };
  } catch (error) {
    return { events, error: error as Error };
  }
}

function eventOf(line: string, subject: Subject): WatchEvent {
  const { type, object } = parsed(line, subject);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isApiObject(object)) break;
      return { type, object };
    case 'BOOKMARK':
      return bookmark(object, subject);
    case 'ERROR': {
      const code = isRecord(object) ? object['code'] : undefined;
      throw refusal(subject, { status: typeof code === 'number' ? code : 500, body: object });
    }
  }
  throw unknownEvent(subject);
}

function bookmark(object: unknown, subject: Subject): WatchEvent {
  const { metadata } = isRecord(object) ? object : {};
  const { resourceVersion, annotations } = isRecord(metadata) ? metadata : {};
  if (typeof resourceVersion !== 'string') throw unknownEvent(subject);
  const endsList = isRecord(annotations) && annotations[endOfList] === 'true';
  return { type: 'BOOKMARK', version: resourceVersion, endsList };
}

function unknownEvent(subject: Subject): KubeError {
  return failure(subject, {
    reason: 'Malformed',
    why: 'the stream has an event that Kubernetes does not know',
  });
}

function parsed(line: string, subject: Subject): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (isRecord(value)) return value;
  } catch (error) {
    throw failure(subject, {
      reason: 'Malformed',
      why: 'the stream has a line that is no JSON',
      cause: error,
    });
  }
  throw failure(subject, { reason: 'Malformed', why: 'the stream has a line that is no event' });
}

function asKubeError(error: unknown, subject: Subject): unknown {
  if (error instanceof KubeError || !(error instanceof Error)) return error;
  if (error instanceof LongLineError)
    return failure(subject, { reason: 'Malformed', why: error.message, cause: error });
  const code = (error as NodeJS.ErrnoException).code;
  return failure(subject, {
    reason: 'Cut',
    why: `the stream broke (${code ?? error.message})`,
    cause: error,
  });
}
