import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { systemClock } from './clock.ts';
import { silentLog } from './log.ts';
import { runWorkers, type WorkersOptions } from './run-workers.ts';
import { TerminalError } from './terminal-error.ts';
import { WorkQueue } from './work-queue.ts';

type Reconcile = WorkersOptions<string>['reconcile'];

interface Running {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  readonly log: RecordLog;
  /** Resolves when the workers have ended. */
  readonly ended: Promise<void>;
  stop(): void;
}

function run(reconcile: Reconcile, workers: number = 1): Running {
  const clock = new FakeClock();
  const log = new RecordLog();
  const queue = new WorkQueue({ clock, random: () => 0 });
  const controller = new AbortController();
  const { signal } = controller;
  const ended = runWorkers(queue, { workers, reconcile, log, clock, signal });
  return { clock, queue, log, ended, stop: () => controller.abort() };
}

describe('runWorkers()', () => {
  it('processes keys as they are added, as many at once as there are workers', async () => {
    const began: string[] = [];
    const ends: (() => void)[] = [];
    const { queue, ended } = run((key) => {
      began.push(key);
      return new Promise((resolve) => ends.push(resolve));
    }, 2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await nextTurn();
    assert.deepEqual(began, ['a', 'b']);
    ends[1]?.();
    await nextTurn();
    assert.deepEqual(began, ['a', 'b', 'c']);
    for (const end of ends) end();
    await queue.shutDown('drain');
    await ended;
  });

  it('calls reconcile in the moment in which it takes the key, so that no change goes by in between', async () => {
    const changes: string[] = [];
    const seen: string[] = [];
    const { queue, ended } = run(async () => {
      seen.push(changes.join());
    });
    await nextTurn();
    // Between any two of these, promises of others go on.
    for (const change of ['1', '2', '3']) {
      changes.push(change);
      queue.add('a');
      await Promise.resolve();
    }
    await queue.shutDown('drain');
    await ended;
    assert.equal(seen.at(-1), '1,2,3');
    assert.equal(new Set(seen).size, seen.length);
  });

  it('tries a key that failed again with growing delays, and starts over once it succeeded', async () => {
    let isBroken = true;
    const attempts: number[] = [];
    const { clock, queue, log, ended } = run(async () => {
      attempts.push(clock.now());
      if (isBroken) throw new Error('Broken');
    });
    queue.add('a');
    for (let ms = 0; ms < 40; ms++) {
      await nextTurn();
      clock.advance(1);
    }
    assert.deepEqual(attempts, [0, 5, 15, 35]);
    assert.equal(queue.retries('a'), 4);
    isBroken = false;
    clock.advance(35);
    await nextTurn();
    assert.deepEqual(attempts, [0, 5, 15, 35, 75]);
    assert.equal(queue.retries('a'), 0);
    assert.deepEqual(
      log.lines
        .filter(({ level }) => level !== 'debug')
        .map(({ level, fields }) => [level, fields['retryInMs']]),
      [
        ['warn', 5],
        ['info', undefined],
      ],
    );
    await queue.shutDown('drain');
    await ended;
  });

  it('takes a reconcile function that throws instead of rejecting for one that failed', async () => {
    const { queue, ended } = run(() => {
      throw new Error('Broken');
    });
    queue.add('a');
    await nextTurn();
    assert.equal(queue.retries('a'), 1);
    await queue.shutDown('drain');
    await ended;
  });

  it('goes on with other keys while one fails again and again', async () => {
    const processed: string[] = [];
    const { clock, queue, ended } = run(async (key) => {
      if (key === 'broken') throw new Error('Broken');
      processed.push(key);
    });
    queue.add('broken');
    for (let i = 0; i < 20; i++) {
      queue.add(`key-${i}`);
      await nextTurn();
      clock.advance(5);
    }
    assert.equal(processed.length, 20);
    await queue.shutDown('drain');
    await ended;
  });

  it('does not try a key again whose failure is terminal, not even for an earlier failure, until it is added', async () => {
    const errors = [new Error('Broken'), new TerminalError('Name too long'), new Error('Broken')];
    const attempts: number[] = [];
    const { clock, queue, log, ended } = run(async () => {
      attempts.push(clock.now());
      const error = errors.shift();
      if (error !== undefined) throw error;
    });
    for (let i = 0; i < 2; i++) {
      queue.add('a');
      await nextTurn();
    }
    clock.advance(1_000_000);
    await nextTurn();
    assert.deepEqual(attempts, [0, 0]);
    assert.equal(queue.retries('a'), 0);
    queue.add('a');
    await nextTurn();
    clock.advance(5);
    await nextTurn();
    assert.deepEqual(attempts, [0, 0, 1_000_000, 1_000_005]);
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['warn', 'debug', 'warn', 'info'],
    );
    await queue.shutDown('drain');
    await ended;
  });

  it('calls again after the time that a success asked for, which is never at once', async () => {
    const wishes = [100, 0];
    const attempts: number[] = [];
    const { clock, queue, ended } = run(async () => {
      attempts.push(clock.now());
      const retryAfterMs = wishes.shift();
      return retryAfterMs === undefined ? undefined : { retryAfterMs };
    });
    queue.add('a');
    await nextTurn();
    clock.advance(100);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    assert.deepEqual(attempts, [0, 100]);
    clock.advance(1);
    await nextTurn();
    assert.deepEqual(attempts, [0, 100, 101]);
    await queue.shutDown('drain');
    await ended;
  });

  it('drops what waits when its signal aborts, and ends when what is being processed has ended', async () => {
    const began: string[] = [];
    let isEnded = false;
    const { clock, queue, log, ended, stop } = run((key, signal) => {
      began.push(key);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => clock.after(50, () => reject(new Error('Aborted'))));
      });
    });
    void ended.then(() => (isEnded = true));
    for (const key of ['a', 'b']) queue.add(key);
    await nextTurn();
    stop();
    await nextTurn();
    assert.equal(isEnded, false);
    clock.advance(50);
    await ended;
    assert.deepEqual(began, ['a']);
    assert.deepEqual(log.lines, []);
    assert.equal(clock.waiting, 0);
  });

  it('processes nothing where its signal has aborted before', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, random: () => 0 });
    queue.add('a');
    const began: string[] = [];
    await runWorkers(queue, {
      workers: 2,
      reconcile: async (key) => void began.push(key),
      log: silentLog,
      clock,
      signal: AbortSignal.abort(),
    });
    assert.deepEqual(began, []);
  });

  it('leaves no listener on its signal', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock });
    const { signal } = new AbortController();
    const ended = runWorkers(queue, { workers: 1, reconcile: async () => {}, log: silentLog, clock, signal });
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    await queue.shutDown('drain');
    await ended;
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('stops every worker and rejects where one breaks for another reason than reconcile', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock });
    const log = {
      ...silentLog,
      warn(): void {
        throw new Error('Disk full');
      },
    };
    let isOtherEnded = false;
    const reconcile = async (key: string): Promise<void> => {
      await nextTurn();
      if (key === 'a') throw new Error('Broken');
      await nextTurn();
      isOtherEnded = true;
    };
    for (const key of ['a', 'b']) queue.add(key);
    const { signal } = new AbortController();
    const ended = runWorkers(queue, { workers: 2, reconcile, log, clock, signal });
    await assert.rejects(ended, /Disk full/);
    assert.equal(isOtherEnded, true);
    queue.add('c');
    assert.deepEqual([queue.length, clock.waiting], [0, 0]);
  });

  it('lets everything else have its turn though reconcile functions never wait', async () => {
    const clock = systemClock;
    const queue = new WorkQueue({ clock, random: () => 0 });
    let turns = 0;
    const others = new AbortController();
    const counted = (async (): Promise<void> => {
      for (; !others.signal.aborted; turns++) await nextTurn();
    })();
    for (let i = 0; i < 20; i++) queue.add(`key-${i}`);
    const drained = queue.shutDown('drain');
    const reconcile = async (): Promise<void> => {
      const startedAt = clock.now();
      while (clock.now() - startedAt < 5);
    };
    const { signal } = new AbortController();
    await runWorkers(queue, { workers: 2, reconcile, log: silentLog, clock, signal });
    await drained;
    others.abort();
    await counted;
    // 20 keys of 5 ms are at least 100 ms, in turns of 10 to 15 ms.
    assert.ok(turns >= 5, `There were ${turns} turns`);
  });
});
