// Says in the log which problems came and which went: each once, however many rounds it stays.

import { subjectName, type Problem } from '../model/problem.ts';
import type { Log } from '../runtime/log.ts';

/** Follows the list of problems from round to round. */
export class ProblemLog {
  readonly #log: Log;
  #known: ReadonlyMap<string, Problem> = new Map();
  #last: readonly Problem[] | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the problems as they are now and logs what is new and what is mended. */
  update(problems: readonly Problem[]): void {
    if (problems === this.#last) return;
    this.#last = problems;
    const now = new Map(problems.map((problem) => [idOf(problem), problem]));
    for (const [id, problem] of now) {
      if (!this.#known.has(id))
        this.#log.warn(problem.message, { ...fieldsOf(problem), advice: problem.advice });
    }
    for (const [id, problem] of this.#known) {
      if (!now.has(id))
        this.#log.info('A problem is mended', { ...fieldsOf(problem), problem: problem.message });
    }
    this.#known = now;
  }
}

function idOf(problem: Problem): string {
  return [problem.code, subjectName(problem.subject), problem.message].join('\n');
}

function fieldsOf({ code, subject }: Problem): Record<string, unknown> {
  const { origin } = subject;
  const file = origin?.line === undefined ? origin?.file : `${origin.file}:${origin.line}`;
  return { code, subject: subjectName(subject), ...(file === undefined ? {} : { file }) };
}
