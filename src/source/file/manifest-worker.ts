// The worker thread in which large manifests are parsed. It reads one file at a time, and hands its pieces over batch
// by batch, each when it is asked for, so that the thread that asks never has much to take in at once.

import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { decodeText } from '../parse/decode.ts';
import { readManifest, type ManifestPiece } from '../parse/manifest.ts';
import { notText, shapeOf, type Content, type FileResult } from './content.ts';
import { failureOf } from './file-error.ts';

/** What the worker is asked. */
export type ReadRequest =
  | {
      readonly type: 'read';
      readonly path: string;
      /** Hashes of pieces that need not be parsed, one a line. */
      readonly known: string;
    }
  /** The batch has arrived: the next, please. */
  | { readonly type: 'next' };

/** What it answers: batches until `end`, or why there is no content. */
export type ReadReply =
  /** In the order of the file; the reading is left out where the piece is known. */
  | { readonly type: 'pieces'; readonly pieces: readonly ManifestPiece[] }
  | ({ readonly type: 'end' } & Omit<Content, 'pieces'>)
  | { readonly type: 'no-content'; readonly result: FileResult };

const batchReadings = 200;
const batchPieces = 5_000;

let pieces: Iterator<ManifestPiece> | undefined;
let shape: Omit<Content, 'pieces'> = { isEmpty: true, endsMidLine: false };

parentPort?.on('message', (request: ReadRequest) => {
  const reply = request.type === 'next' ? nextBatch() : open(request);
  parentPort?.postMessage(reply);
});

function open({ path, known }: Extract<ReadRequest, { type: 'read' }>): ReadReply {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return { type: 'no-content', result: failureOf(error) };
  }
  const text = decodeText(bytes);
  if (text === undefined) return { type: 'no-content', result: notText };
  const hashes = new Set(known.split('\n'));
  pieces = readManifest(text, (hash) => hashes.has(hash));
  shape = shapeOf(text);
  return nextBatch();
}

function nextBatch(): ReadReply {
  const batch: ManifestPiece[] = [];
  let readings = 0;
  while (readings < batchReadings && batch.length < batchPieces) {
    const next = pieces?.next();
    if (next === undefined || next.done === true) break;
    batch.push(next.value);
    if (next.value.reading !== undefined) readings += 1;
  }
  if (batch.length > 0) return { type: 'pieces', pieces: batch };
  pieces = undefined;
  return { type: 'end', ...shape };
}
