import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { streamText } from './text-stream.ts';

function failOnError(error: unknown): never {
  throw error;
}

test('streamText() gives all pieces in their order, in chunks of about 64 KiB', async () => {
  const pieces = Array.from({ length: 1000 }, (_, index) => `${index}é`.padEnd(500, '-'));
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamText(pieces, failOnError)) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), pieces.join(''));
  assert.ok(chunks.length >= 8);
  for (const chunk of chunks) assert.ok(chunk.length < 70_000);
});

test('streamText() of nothing is empty, and one long piece is given whole', async () => {
  assert.equal(await text(streamText([], failOnError)), '');
  const long = 'x'.repeat(300_000);
  assert.equal(await text(streamText([long], failOnError)), long);
});

test('streamText() lets others run while it is read', async () => {
  let turns = 0;
  const turn = (): void => {
    turns++;
    if (turns < 1000) setImmediate(turn);
  };
  function* slow(): Generator<string> {
    for (let piece = 0; piece < 10; piece++) {
      const until = performance.now() + 6;
      while (performance.now() < until);
      yield 'x';
    }
  }
  setImmediate(turn);
  assert.equal(await text(streamText(slow(), failOnError)), 'x'.repeat(10));
  assert.ok(turns >= 10, `${turns} turns`);
});

test('streamText() makes nothing before it is read, and nothing for a reader that has gone', async () => {
  let made = 0;
  let isEnded = false;
  function* endless(): Generator<string> {
    try {
      for (;;) {
        made++;
        yield 'x'.repeat(70_000);
      }
    } finally {
      isEnded = true;
    }
  }
  const reader = streamText(endless(), failOnError).getReader();
  await new Promise(setImmediate);
  assert.equal(made, 0);
  await reader.read();
  await reader.cancel();
  assert.equal(made, 1);
  assert.ok(isEnded);
});

test('streamText() tells of an error in full, and its reader only that the answer broke off', async () => {
  const error = new Error('secret');
  function* failing(): Generator<string> {
    yield 'x'.repeat(70_000);
    throw error;
  }
  const told: unknown[] = [];
  const reading = text(streamText(failing(), (thrown) => told.push(thrown)));
  await assert.rejects(reading, (thrown: Error) => thrown.message === 'The answer broke off');
  assert.deepEqual(told, [error]);
});
