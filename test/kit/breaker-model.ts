// What a circuit breaker has to do, written down plainly: it keeps every answer and counts anew at each look. What the
// proxies' script does is compared with it.

import type { BreakerCondition, Measure } from '../../src/model/breaker-condition.ts';

interface Answer {
  readonly at: number;
  readonly tookMs: number;
  readonly code: number;
}

/** A breaker; times are in milliseconds. */
export class BreakerModel {
  readonly #condition: BreakerCondition;
  #answers: Answer[] = [];
  #state: 'closed' | 'open' | 'recovering' = 'closed';
  /** When the state ends. */
  #till = 0;
  #passed = 0;
  #refused = 0;
  #nextLook = 0;

  constructor(condition: BreakerCondition) {
    this.#condition = condition;
  }

  /** Whether it lets a request pass. */
  lets(now: number): boolean {
    if (this.#state === 'open' && now >= this.#till) {
      this.#state = 'recovering';
      this.#till = now + 10_000;
      this.#passed = 0;
      this.#refused = 0;
    }
    if (this.#state === 'recovering' && now > this.#till) this.#state = 'closed';
    if (this.#state !== 'recovering') return this.#state === 'closed';
    const share = (now - (this.#till - 10_000)) / 20_000;
    const isLet = (this.#passed + 1) / (this.#passed + 1 + this.#refused) < share;
    if (isLet) this.#passed++;
    else this.#refused++;
    return isLet;
  }

  /** Takes in the answer to a request that it let pass. */
  answered(answer: Answer): void {
    this.#answers.push(answer);
    if (answer.at <= this.#nextLook) return;
    this.#nextLook = answer.at + 100;
    if (this.#state === 'open' || !this.#holds(this.#condition, answer.at)) return;
    this.#state = 'open';
    this.#till = answer.at + 10_000;
    this.#answers = [];
  }

  #holds(condition: BreakerCondition, now: number): boolean {
    if (condition.kind !== 'comparison') {
      const { kind, of } = condition;
      const holds = (part: BreakerCondition): boolean => this.#holds(part, now);
      return kind === 'all' ? of.every(holds) : of.some(holds);
    }
    const left = this.#measure(condition.measure, now);
    const right = condition.value;
    const results = {
      '<': left < right,
      '<=': left <= right,
      '>': left > right,
      '>=': left >= right,
      '==': left === right,
      '!=': left !== right,
    };
    return results[condition.operator];
  }

  #measure(measure: Measure, now: number): number {
    if (measure.kind === 'latency') {
      const took = this.#last(now, { slots: 6, slotMs: 10_000 }).map(({ tookMs }) => tookMs);
      const sorted = took.toSorted((a, b) => a - b);
      const rank = Math.max(1, Math.floor((measure.quantile / 100) * sorted.length + 0.5));
      return sorted[rank - 1] ?? 0;
    }
    const codes = this.#last(now, { slots: 10, slotMs: 1000 }).map(({ code }) => code);
    const count = (from: number, to: number): number =>
      codes.filter((code) => from <= code && code < to).length;
    if (measure.kind === 'network-errors') return ratio(count(502, 503) + count(504, 505), codes.length);
    return ratio(count(measure.from, measure.to), count(measure.dividedByFrom, measure.dividedByTo));
  }

  /** Answers of the last slots of time, the one that is not over included. */
  #last(now: number, { slots, slotMs }: { readonly slots: number; readonly slotMs: number }): Answer[] {
    const slotOf = (at: number): number => Math.floor(at / slotMs);
    return this.#answers.filter(({ at }) => slotOf(at) > slotOf(now) - slots);
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
