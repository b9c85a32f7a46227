// Reads a circuit breaker's expression: comparisons of the three functions with numbers, joined by `&&` (which binds
// closer) and `||`, in parentheses where one likes.

import type { BreakerCondition, Measure, Operator } from './breaker-condition.ts';
import { tokensOf, type Token } from './breaker-tokens.ts';

/** What a text says, or what is wrong with it: a sentence that names the character. */
export type ParsedCondition = { readonly condition: BreakerCondition } | { readonly mistake: string };

const maxLength = 1000;
const maxDepth = 20;

/** Parses an expression. Numbers may be written with or without a point, where the original wants one or the other. */
export function parseCondition(text: string): ParsedCondition {
  if (text.length > maxLength) return { mistake: `it is longer than ${maxLength} characters` };
  const parser = new Parser(tokensOf(text));
  try {
    return { condition: parser.whole() };
  } catch (error) {
    if (error instanceof Mistake) return { mistake: error.message };
    throw error;
  }
}

/** Ends a parse; never leaves this file. */
class Mistake extends Error {}

const operators: readonly string[] = ['<', '<=', '>', '>=', '==', '!='] satisfies Operator[];

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): BreakerCondition {
    const condition = this.#any();
    if (this.#token.kind !== 'end') this.#refuse(`&&, || or the end`);
    return condition;
  }

  #any(): BreakerCondition {
    return this.#joined('any', '||', () => this.#joined('all', '&&', () => this.#term()));
  }

  #joined(kind: 'any' | 'all', sign: string, part: () => BreakerCondition): BreakerCondition {
    const first = part();
    const of = [first];
    while (this.#takes(sign)) of.push(part());
    return of.length === 1 ? first : { kind, of };
  }

  #term(): BreakerCondition {
    if (!this.#takes('(')) return this.#comparison();
    if (++this.#depth > maxDepth) this.#refuse(`at most ${maxDepth} parentheses within each other`);
    const condition = this.#any();
    if (!this.#takes(')')) this.#refuse('&&, || or )');
    this.#depth--;
    return condition;
  }

  #comparison(): BreakerCondition {
    const measure = this.#measure();
    const { text } = this.#token;
    if (!operators.includes(text)) this.#refuse(`one of ${operators.join(' ')}`);
    this.#next++;
    return { kind: 'comparison', measure, operator: text as Operator, value: this.#number() };
  }

  #measure(): Measure {
    const { text } = this.#token;
    switch (text) {
      case 'LatencyAtQuantileMS': {
        const [quantile = 0] = this.#arguments([percentage]);
        return { kind: 'latency', quantile };
      }
      case 'NetworkErrorRatio':
        this.#arguments([]);
        return { kind: 'network-errors' };
      case 'ResponseCodeRatio': {
        const [from = 0, to = 0, dividedByFrom = 0, dividedByTo = 0] = this.#arguments([
          whole,
          whole,
          whole,
          whole,
        ]);
        return { kind: 'codes', from, to, dividedByFrom, dividedByTo };
      }
      default:
        return this.#refuse('(, LatencyAtQuantileMS, NetworkErrorRatio or ResponseCodeRatio');
    }
  }

  #arguments(of: readonly ArgumentRule[]): readonly number[] {
    this.#next++;
    this.#expect('(');
    const values = of.map((rule, index) => {
      if (index > 0) this.#expect(',');
      return this.#number(rule);
    });
    this.#expect(')');
    return values;
  }

  #number(rule: ArgumentRule = anyNumber): number {
    const { kind, text } = this.#token;
    const value = Number(text);
    if (kind !== 'number' || !rule.holds(value)) this.#refuse(rule.what);
    this.#next++;
    return value;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) this.#refuse(sign);
  }

  #takes(sign: string): boolean {
    if (this.#token.text !== sign) return false;
    this.#next++;
    return true;
  }

  #refuse(wanted: string): never {
    const { kind, text, at } = this.#token;
    const found = kind === 'end' ? 'the end' : `"${text}"`;
    throw new Mistake(`at character ${at + 1} there is ${found}, where ${wanted} should be`);
  }

  get #token(): Token {
    // The last one is the end, beyond which nobody goes.
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 };
  }
}

interface ArgumentRule {
  readonly what: string;
  readonly holds: (value: number) => boolean;
}

const anyNumber: ArgumentRule = { what: 'a number', holds: Number.isFinite };
const whole: ArgumentRule = { what: 'a whole number', holds: Number.isSafeInteger };
const percentage: ArgumentRule = { what: 'a number from 0 to 100', holds: (value) => value <= 100 };
