// Long answers, made while they are sent: a mesh of 5,000 services is tens of megabytes of JSON, which would hold up
// everything else if it were made at once, and fill the memory if it were kept.

import { setImmediate } from 'node:timers/promises';

const chunkChars = 64 * 1024;
const sliceMs = 5;

/**
 * Joins pieces of text to a stream. A piece is made when its reader has room for it, and after every 64 KiB or 5 ms the
 * event loop gets its turn, so a piece should be short. Nothing is made for a reader that has gone. Where making one
 * fails, `onError` is told and the stream breaks off.
 */
export function streamText(
  pieces: Iterable<string>,
  onError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await setImmediate();
        try {
          const chunk = nextChunk(iterator);
          if (chunk === '') controller.close();
          else controller.enqueue(encoder.encode(chunk));
        } catch (error) {
          onError(error);
          // The HTTP adapter prints this, and may send its message: it must not be the error itself.
          controller.error(new Error('The answer broke off'));
        }
      },
      cancel() {
        iterator.return?.();
      },
    },
    // Nothing is made ahead: a request by HEAD reads nothing.
    { highWaterMark: 0 },
  );
}

function nextChunk(iterator: Iterator<string>): string {
  const until = performance.now() + sliceMs;
  let chunk = '';
  while (chunk.length < chunkChars && (chunk === '' || performance.now() < until)) {
    const next = iterator.next();
    if (next.done === true) break;
    chunk += next.value;
  }
  return chunk;
}
