// Reads manifest files. Small ones in place; large ones in a worker thread, so that the event loop goes on while
// megabytes are parsed. Of a file that changed only the pieces that changed are parsed.

import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { decodeText } from '../parse/decode.ts';
import { readManifest } from '../parse/manifest.ts';
import type { Reading } from '../parse/reading.ts';
import {
  notText,
  readingsByHash,
  shapeOf,
  type Content,
  type ContentPiece,
  type FileResult,
} from './content.ts';
import { failureOf } from './file-error.ts';
import type { ReadReply, ReadRequest } from './manifest-worker.ts';
import { shareTexts } from './shared-texts.ts';

/** Files up to this size are parsed in place: some 10 ms. */
const inPlaceBytes = 256 * 1024;

/** Files above this size are refused: decoded and parsed they would take gigabytes. */
const maxFileBytes = 256 * 1024 * 1024;

/** The worker is ended when it had nothing to do for so long, since it holds memory. */
const idleMs = 10_000;

/** A reader of manifest files, with the worker that it may have. */
export class ManifestReader {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #startWorker: () => Worker;
  #worker: Worker | undefined;
  #idle: Timer | undefined;
  #isWorkerBroken = false;
  #isClosed = false;
  /** The worker reads one file at a time: each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly clock: Clock;
    readonly log: Log;
    /** Starts a worker in place of the usual one. */
    readonly startWorker?: () => Worker;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#startWorker = options.startWorker ?? startManifestWorker;
  }

  /**
   * Reads a file of about this size in bytes. `previous` is what it said before: equal pieces keep their reading.
   * Never rejects.
   */
  async read(
    path: string,
    { size, previous }: { readonly size: number; readonly previous: Content | undefined },
  ): Promise<FileResult> {
    try {
      if (size > maxFileBytes) return tooLarge(size);
      const known = readingsByHash(previous);
      if (size <= inPlaceBytes || this.#isWorkerBroken) return contentOf(await readFile(path), known);
      const turn = this.#last.then(() => this.#readInWorker(path, known));
      this.#last = turn.catch(() => {});
      return await turn;
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Ends the worker. A read that is under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#endWorker();
  }

  async #readInWorker(path: string, known: ReadonlyMap<string, Reading>): Promise<FileResult> {
    if (this.#isClosed)
      return { status: 'failed', code: 'MAESH_FILE_UNREADABLE', reason: 'is not read any more' };
    this.#idle?.cancel();
    const worker = (this.#worker ??= this.#startWorker());
    worker.ref();
    try {
      return await askWorker(worker, { path, known });
    } catch (error) {
      await this.#endWorker();
      if (this.#isClosed) return failureOf(error);
      this.#isWorkerBroken = true;
      this.#log.warn('Large files are parsed without a worker thread, since it failed', {
        file: path,
        error: error instanceof Error ? error.message : String(error),
      });
      return contentOf(await readFile(path), known);
    } finally {
      worker.unref();
      if (!this.#isClosed) this.#idle = this.#clock.after(idleMs, () => void this.#endWorker());
    }
  }

  async #endWorker(): Promise<void> {
    this.#idle?.cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/** What the bytes of a file say; readings that are `known` are taken, the others made free of the file's text. */
export function contentOf(bytes: Uint8Array, known: ReadonlyMap<string, Reading>): FileResult {
  const text = decodeText(bytes);
  return text === undefined ? notText : { status: 'read', ...readText(text, known) };
}

/** What a text says. */
export function readText(text: string, known: ReadonlyMap<string, Reading>): Content {
  const pieces: ContentPiece[] = [];
  for (const { line, hash, reading } of readManifest(text, (piece) => known.has(piece))) {
    // The clone has strings of its own. Those of the parser are windows onto the text, and would keep it in memory.
    const made = reading === undefined ? known.get(hash) : shareTexts(structuredClone(reading));
    if (made !== undefined) pieces.push({ line, hash, reading: made });
  }
  return { pieces, ...shapeOf(text) };
}

function tooLarge(size: number): FileResult {
  const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  return {
    status: 'failed',
    code: 'MAESH_FILE_TOO_LARGE',
    reason: `has ${mebibytes(size)} MiB, more than the ${mebibytes(maxFileBytes)} MiB that are read`,
  };
}

function startManifestWorker(): Worker {
  // Beside this file under its own ending: .ts in a checkout, .js in a bundle.
  const ending = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return new Worker(new URL(`./manifest-worker${ending}`, import.meta.url), {
    // Without a bound it takes 35 MB more for its garbage, and is not faster.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
}

/** Asks for a file, then for one batch of pieces after the other, so that no message is long to take in. */
function askWorker(
  worker: Worker,
  { path, known }: { readonly path: string; readonly known: ReadonlyMap<string, Reading> },
): Promise<FileResult> {
  const pieces: ContentPiece[] = [];
  return new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      worker.off('message', onReply);
      worker.off('error', onError);
      worker.off('exit', onExit);
      act();
    };
    const onError = (error: unknown): void => finish(() => reject(error));
    const onExit = (): void => finish(() => reject(new Error('the worker thread has ended')));
    const onReply = (reply: ReadReply): void => {
      if (reply.type === 'no-content') return finish(() => resolve(reply.result));
      if (reply.type === 'end') {
        const { isEmpty, endsMidLine } = reply;
        return finish(() => resolve({ status: 'read', pieces, isEmpty, endsMidLine }));
      }
      for (const { line, hash, reading } of reply.pieces) {
        const made = reading === undefined ? known.get(hash) : shareTexts(reading);
        if (made !== undefined) pieces.push({ line, hash, reading: made });
      }
      worker.postMessage({ type: 'next' } satisfies ReadRequest);
    };
    worker.on('message', onReply);
    worker.once('error', onError);
    worker.once('exit', onExit);
    worker.postMessage({ type: 'read', path, known: [...known.keys()].join('\n') } satisfies ReadRequest);
  });
}
