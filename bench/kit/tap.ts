// What runs in the process under test beside the program: it notes when one stage hands over to the next, by wrapping
// the methods at the joints, and answers the benchmark's questions. The program is otherwise the one that users run.

import { collectGarbage } from './garbage.ts';
import type { Answer, Moment, MomentName, Question } from './moments.ts';
import { now } from './now.ts';

/** More than happens between two questions; what nobody asks for is not kept. */
const mostKept = 10_000;
let moments: Moment[] = [];

/** Notes that something happens now, and what it is about. */
export function note(name: MomentName, about?: readonly string[]): void {
  if (moments.length < mostKept) moments.push({ name, at: now(), ...(about !== undefined && { about }) });
}

/** When which moment of a method is noted. */
export interface Tapped {
  readonly call: MomentName;
  readonly return?: MomentName;
  /** What a call is about, by its arguments; undefined: it is not noted. */
  readonly about?: (...args: readonly never[]) => readonly string[] | undefined;
}

/** Replaces a method by one that notes when it is called and, if told so, when it has returned. */
export function tap<T extends object>(owner: T, method: keyof T & string, names: Tapped): void {
  const original: unknown = owner[method];
  if (typeof original !== 'function') throw new TypeError(`${method} is no method`);
  function tapped(this: unknown, ...args: readonly never[]): unknown {
    const about = names.about?.(...args);
    if (names.about === undefined || about !== undefined) note(names.call, about);
    const result: unknown = Reflect.apply(original as (...args: readonly unknown[]) => unknown, this, args);
    if (names.return !== undefined) note(names.return);
    return result;
  }
  Reflect.set(owner, method, tapped);
}

function answer(question: Question): Answer {
  if (question === 'collect') {
    return { to: 'collect', heap: collectGarbage() };
  }
  const taken = moments;
  moments = [];
  return { to: 'take', moments: taken };
}

process.on('message', (question: Question) => process.send?.(answer(question)));
// What is measured never outlives the benchmark that started it.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The program ends when it has nothing to do; to be asked is nothing.
process.channel?.unref();
