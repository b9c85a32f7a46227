// Loaded into `maesh standalone` before it starts (`node --import`): wraps the methods at which one stage hands over to
// the next, so that the benchmark knows when that happened. The program measured is otherwise the one that users run.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { TopologyBuilder } from '../../src/model/build.ts';
import { ControlLoop } from '../../src/control/loop.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import { XdsServer } from '../../src/serve/xds/server.ts';
import { ChangeQueue } from '../../src/source/file/change-queue.ts';
import { FileTracker } from '../../src/source/file/file-tracker.ts';
import type { Answer, Moment, MomentName, Question } from './moments.ts';
import { now } from './now.ts';

/** More than one change makes; what nobody asks for is not kept. */
const mostKept = 1000;
let moments: Moment[] = [];

function note(name: MomentName): void {
  if (moments.length < mostKept) moments.push({ name, at: now() });
}

/** Replaces a method by one that notes when it is called and, if told so, when it has returned. */
function tap<T extends object>(
  owner: T,
  method: keyof T & string,
  names: { readonly call: MomentName; readonly return?: MomentName },
): void {
  const original: unknown = owner[method];
  if (typeof original !== 'function') throw new TypeError(`${method} is no method`);
  function tapped(this: unknown, ...args: readonly unknown[]): unknown {
    note(names.call);
    const result: unknown = Reflect.apply(original as (...args: readonly unknown[]) => unknown, this, args);
    if (names.return !== undefined) note(names.return);
    return result;
  }
  Reflect.set(owner, method, tapped);
}

note('booted');
tap(ChangeQueue.prototype, 'touch', { call: 'noticed' });
tap(FileTracker.prototype, 'look', { call: 'looking' });
tap(ControlLoop.prototype, 'offer', { call: 'offered' });
tap(TopologyBuilder.prototype, 'build', { call: 'building', return: 'built' });
tap(XdsServer.prototype, 'publish', { call: 'publishing', return: 'published' });
tap(Metrics.prototype, 'pushed', { call: 'pushed' });
tap(Metrics.prototype, 'acknowledged', { call: 'acknowledged' });

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
}

function answer(question: Question): Answer {
  if (question === 'collect') {
    collectGarbage();
    const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
    return { to: 'collect', heap: { heapUsed, heapTotal, external, rss } };
  }
  const taken = moments;
  moments = [];
  return { to: 'take', moments: taken };
}

process.on('message', (question: Question) => process.send?.(answer(question)));
// A mesh never outlives the benchmark that started it.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The program ends when it has nothing to do; to be asked is nothing.
process.channel?.unref();
