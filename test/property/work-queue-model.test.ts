// The work queue against a model of it that is as simple as can be: lists, looked through from one end to the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { FakeClock } from '../kit/fake-clock.ts';
import { WorkQueue } from '../../src/runtime/work-queue.ts';

const firstMs = 5;
const maxMs = 50;

interface Delay {
  readonly key: string;
  readonly dueAt: number;
  readonly kind: 'later' | 'retry';
}

class Model {
  now = 0;
  isOpen = true;
  /** Keys that can be taken. */
  line: string[] = [];
  processing: string[] = [];
  /** Keys that are being processed and were added again. */
  again: string[] = [];
  /** In the order in which they were asked for. */
  delays: Delay[] = [];
  readonly failures = new Map<string, number>();

  add(key: string): void {
    if (!this.isOpen || this.line.includes(key) || this.again.includes(key)) return;
    (this.processing.includes(key) ? this.again : this.line).push(key);
  }

  delay(delay: Delay): void {
    const isSame = ({ key, kind }: Delay): boolean => key === delay.key && kind === delay.kind;
    if (!this.isOpen || this.delays.some((other) => isSame(other) && other.dueAt <= delay.dueAt)) return;
    this.delays = [...this.delays.filter((other) => !isSame(other)), delay];
  }

  fail(key: string): number {
    const failures = this.failures.get(key) ?? 0;
    this.failures.set(key, failures + 1);
    const delayMs = Math.min(maxMs, firstMs * 2 ** failures);
    this.delay({ key, kind: 'retry', dueAt: this.now + delayMs });
    return delayMs;
  }

  cancelRetry(key: string): void {
    this.delays = this.delays.filter((delay) => delay.key !== key || delay.kind !== 'retry');
  }

  take(): string | undefined {
    const key = this.line.shift();
    if (key === undefined) return undefined;
    this.processing.push(key);
    this.cancelRetry(key);
    return key;
  }

  done(key: string): void {
    this.processing = this.processing.filter((other) => other !== key);
    if (!this.again.includes(key)) return;
    this.again = this.again.filter((other) => other !== key);
    this.line.push(key);
  }

  advance(ms: number): void {
    this.now += ms;
    // Sorting is stable; "later" comes before "retry" by the alphabet as well.
    const due = this.delays
      .filter(({ dueAt }) => dueAt <= this.now)
      .toSorted((a, b) => a.dueAt - b.dueAt || (a.kind < b.kind ? -1 : Number(a.kind > b.kind)));
    this.delays = this.delays.filter(({ dueAt }) => dueAt > this.now);
    for (const { key } of due) this.add(key);
  }
}

interface Real {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
}

/** A command is one call to both; what the queue shows must be what the model has. */
class Call implements fc.Command<Model, Real> {
  readonly #name: string;
  readonly #call: (model: Model, real: Real) => void;

  constructor(name: string, call: (model: Model, real: Real) => void) {
    this.#name = name;
    this.#call = call;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    this.#call(model, real);
    const { waiting, processing, delayed } = real.queue.state();
    assert.deepEqual(
      { waiting, processing, delayed },
      {
        waiting: model.line.length + model.again.length,
        processing: model.processing.length,
        delayed: model.delays.length,
      },
    );
    for (const [key, failures] of model.failures) assert.equal(real.queue.retries(key), failures);
    assert.ok(real.clock.waiting <= 1, 'There is more than one timer');
  }

  toString(): string {
    return this.#name;
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd');
const ms = fc.nat(40);

const calls = [
  key.map(
    (name) =>
      new Call(`add(${name})`, (model, { queue }) => {
        model.add(name);
        queue.add(name);
      }),
  ),
  fc.tuple(key, ms).map(
    ([name, delayMs]) =>
      new Call(`addAfter(${name}, ${delayMs})`, (model, { queue }) => {
        if (delayMs === 0) model.add(name);
        else model.delay({ key: name, kind: 'later', dueAt: model.now + delayMs });
        queue.addAfter(name, delayMs);
      }),
  ),
  key.map(
    (name) =>
      new Call(`addRateLimited(${name})`, (model, { queue }) => {
        assert.equal(queue.addRateLimited(name), model.fail(name));
      }),
  ),
  key.map(
    (name) =>
      new Call(`forget(${name})`, (model, { queue }) => {
        model.failures.set(name, 0);
        model.cancelRetry(name);
        queue.forget(name);
      }),
  ),
  fc.constant(new Call('take()', (model, { queue }) => assert.equal(queue.take(), model.take()))),
  fc.nat(3).map(
    (index) =>
      new Call(`done(${index})`, (model, { queue }) => {
        const name = model.processing[index % model.processing.length];
        if (name === undefined) return;
        model.done(name);
        queue.done(name);
      }),
  ),
  ms.map(
    (passed) =>
      new Call(`advance(${passed})`, (model, { clock }) => {
        model.advance(passed);
        clock.advance(passed);
      }),
  ),
];

const shutdowns = fc.constantFrom('drop' as const, 'drain' as const).map(
  (whatWaits) =>
    new Call(`shutDown(${whatWaits})`, (model, { queue }) => {
      model.isOpen = false;
      model.delays = [];
      if (whatWaits === 'drop') [model.line, model.again] = [[], []];
      void queue.shutDown(whatWaits);
    }),
);

function start(): { model: Model; real: Real } {
  const clock = new FakeClock();
  const retry = { firstMs, maxMs, overall: { perSecond: 1e6, burst: 1e6 } };
  return { model: new Model(), real: { clock, queue: new WorkQueue({ clock, random: () => 0, retry }) } };
}

test('after any sequence of calls the queue holds and hands out what its model does', () => {
  fc.assert(
    fc.property(fc.commands(calls, { maxCommands: 100, size: 'max' }), (commands) => {
      fc.modelRun(start, commands);
    }),
  );
});

test('whenever it is shut down, it hands out what it promised and ends when the last key is done with', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.commands(calls, { maxCommands: 40, size: 'max' }),
      fc.commands([...calls, shutdowns, shutdowns], { maxCommands: 40, size: 'max' }),
      async (before, after) => {
        const { model, real } = start();
        fc.modelRun(() => ({ model, real }), before);
        fc.modelRun(() => ({ model, real }), after);
        const { queue } = real;
        let isEnded = false;
        const ended = queue.shutDown('drain').then(() => (isEnded = true));
        model.isOpen = false;
        model.delays = [];
        for (;;) {
          const taken = model.take();
          assert.equal(queue.take(), taken);
          const name = taken ?? model.processing[0];
          if (name === undefined) break;
          await Promise.resolve();
          assert.equal(isEnded, false);
          model.done(name);
          queue.done(name);
        }
        await ended;
        assert.equal(await queue.wait(), false);
      },
    ),
  );
});
