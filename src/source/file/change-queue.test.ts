import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { ChangeQueue, type Batch } from './change-queue.ts';

/** A queue of which `large…` paths are large, read by a reader that asks again at once. */
class Reader {
  readonly clock = new FakeClock();
  readonly queue = new ChangeQueue({
    clock: this.clock,
    timing: { quietMs: 5, ceilingMs: 50, writingMs: 1_000 },
    isLarge: (path) => path.startsWith('large'),
  });
  readonly batches: { readonly at: number; readonly batch: Batch }[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(dueAt: number = Number.POSITIVE_INFINITY) {
    this.#done = this.#read(dueAt);
  }

  /** Lets time go by, and the reader run. */
  async wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      this.clock.advance(1);
      // The reader goes on in promises: one round of the event loop is after all of them.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #read(dueAt: number): Promise<void> {
    const { signal } = this.#stop;
    for (let due = dueAt; !signal.aborted; due = Number.POSITIVE_INFINITY) {
      const batch = await this.queue.next({ dueAt: due, signal });
      if (!signal.aborted) this.batches.push({ at: this.clock.now(), batch });
    }
  }
}

describe('ChangeQueue', () => {
  it('hands changes over together when it has been quiet', async () => {
    const reader = new Reader();
    await reader.wait(10);
    reader.queue.touch('a');
    await reader.wait(3);
    reader.queue.touch('b');
    reader.queue.touch('a');
    await reader.wait(20);
    assert.deepEqual(reader.batches, [{ at: 18, batch: { paths: ['a', 'b'], isEverything: false } }]);
    await reader.stop();
  });

  it('hands over at the ceiling where there is no quiet', async () => {
    const reader = new Reader();
    for (let ms = 0; ms < 100; ms += 2) {
      reader.queue.touch('a');
      await reader.wait(2);
    }
    assert.deepEqual(
      reader.batches.map(({ at }) => at),
      [50, 100],
    );
    await reader.stop();
  });

  it('waits longer for a large file that is being written, but for no other', async () => {
    const reader = new Reader();
    reader.queue.touch('small');
    for (let ms = 0; ms < 1_100; ms += 2) {
      reader.queue.touch('large');
      await reader.wait(2);
    }
    assert.deepEqual(
      reader.batches.map(({ at, batch }) => [at, ...batch.paths]),
      [
        [50, 'small'],
        [1_000, 'large'],
      ],
    );
    await reader.stop();
  });

  it('hands a look at everything over in the same way', async () => {
    const reader = new Reader();
    reader.queue.touchAll();
    await reader.wait(3);
    reader.queue.touchAll();
    reader.queue.touch('a');
    await reader.wait(10);
    assert.deepEqual(reader.batches, [{ at: 8, batch: { paths: ['a'], isEverything: true } }]);
    await reader.stop();
  });

  it('hands over nothing when something else is due', async () => {
    const reader = new Reader(20);
    await reader.wait(30);
    assert.deepEqual(reader.batches, [{ at: 21, batch: { paths: [], isEverything: false } }]);
    await reader.stop();
  });

  it('hands over what has changed before what is due, also where the program was too busy to hear of it', async () => {
    const reader = new Reader(20);
    await reader.wait(19);
    // The change comes in the turn of the event loop in which the time is up.
    reader.clock.advance(1);
    setImmediate(() => reader.queue.touch('a'));
    await reader.wait(20);
    assert.deepEqual(
      reader.batches.map(({ batch }) => batch.paths),
      [['a']],
    );
    await reader.stop();
  });

  it('leaves no timer behind when it is told to end', async () => {
    const reader = new Reader(20);
    await reader.stop();
    assert.equal(reader.clock.waiting, 0);
    assert.deepEqual(reader.batches, []);
  });
});
