import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { printCondition, type BreakerCondition } from './breaker-condition.ts';
import { parseCondition } from './breaker-parser.ts';

function parsed(text: string): BreakerCondition {
  const result = parseCondition(text);
  assert.ok('condition' in result, JSON.stringify(result));
  return result.condition;
}

function mistake(text: string): string {
  const result = parseCondition(text);
  assert.ok('mistake' in result, JSON.stringify(result));
  return result.mistake;
}

const failing = parsed('NetworkErrorRatio() > 0.5');
const slow = parsed('LatencyAtQuantileMS(50.0) > 100');
const wrong = parsed('ResponseCodeRatio(500, 600, 0, 600) > 0.25');

describe('parseCondition()', () => {
  it('reads the three functions', () => {
    assert.deepEqual(failing, {
      kind: 'comparison',
      measure: { kind: 'network-errors' },
      operator: '>',
      value: 0.5,
    });
    assert.deepEqual(slow, {
      kind: 'comparison',
      measure: { kind: 'latency', quantile: 50 },
      operator: '>',
      value: 100,
    });
    assert.deepEqual(wrong, {
      kind: 'comparison',
      measure: { kind: 'codes', from: 500, to: 600, dividedByFrom: 0, dividedByTo: 600 },
      operator: '>',
      value: 0.25,
    });
  });

  it('reads every comparison, and numbers in each form that Go has for decimal ones', () => {
    for (const operator of ['<', '<=', '>', '>=', '==', '!=']) {
      assert.partialDeepStrictEqual(parsed(`NetworkErrorRatio()${operator}0.5`), { operator, value: 0.5 });
    }
    for (const number of ['0.5', '.5', '5e-1', '5.E-1', '0.05e+1', '00.50']) {
      assert.partialDeepStrictEqual(parsed(`NetworkErrorRatio() > ${number}`), { value: 0.5 });
    }
  });

  it('lets && bind closer than ||, and parentheses closest', () => {
    const [a, b, c] = [failing, slow, wrong].map(printCondition);
    assert.deepEqual(parsed(`${a} || ${b} && ${c}`), {
      kind: 'any',
      of: [failing, { kind: 'all', of: [slow, wrong] }],
    });
    assert.deepEqual(parsed(`(${a}||${b})&&${c}`), {
      kind: 'all',
      of: [{ kind: 'any', of: [failing, slow] }, wrong],
    });
    assert.deepEqual(parsed(`((${a}))`), failing);
    assert.deepEqual(parsed(`\t${a}\n  && ${b} && ${c} `), { kind: 'all', of: [failing, slow, wrong] });
  });

  it('points at the character that is wrong', () => {
    const functions = '(, LatencyAtQuantileMS, NetworkErrorRatio or ResponseCodeRatio';
    for (const [text, found] of [
      ['', `at character 1 there is the end, where ${functions} should be`],
      ['NetworkErrors() > 0.5', `at character 1 there is "NetworkErrors", where ${functions} should be`],
      ['NetworkErrorRatio() > ', 'at character 23 there is the end, where a number should be'],
      ['NetworkErrorRatio() >> 1', 'at character 22 there is ">", where a number should be'],
      ['NetworkErrorRatio() = 1', 'at character 21 there is "=", where one of < <= > >= == != should be'],
      ['NetworkErrorRatio() > -1', 'at character 23 there is "-", where a number should be'],
      ['NetworkErrorRatio(1) > 1', 'at character 19 there is "1", where ) should be'],
      ['LatencyAtQuantileMS() > 1', 'at character 21 there is ")", where a number from 0 to 100 should be'],
      [
        'LatencyAtQuantileMS(101) > 1',
        'at character 21 there is "101", where a number from 0 to 100 should be',
      ],
      ['ResponseCodeRatio(500, 600, 0) > 1', 'at character 30 there is ")", where , should be'],
      [
        'ResponseCodeRatio(5.5, 600, 0, 600) > 1',
        'at character 19 there is "5.5", where a whole number should be',
      ],
      ['(NetworkErrorRatio() > 1', 'at character 25 there is the end, where &&, || or ) should be'],
      ['NetworkErrorRatio() > 1)', 'at character 24 there is ")", where &&, || or the end should be'],
      ['NetworkErrorRatio() > 1 & 2', 'at character 25 there is "&", where &&, || or the end should be'],
      ['!(NetworkErrorRatio() > 1)', `at character 1 there is "!", where ${functions} should be`],
      ['0.5 < NetworkErrorRatio()', `at character 1 there is "0.5", where ${functions} should be`],
      ['NetworkErrorRatio() > 1e999', 'at character 23 there is "1e999", where a number should be'],
    ] as const) {
      assert.equal(mistake(text), found, text);
    }
  });

  it('refuses what is too long or too deep instead of failing on it', () => {
    assert.match(mistake('('.repeat(1001)), /longer than 1000 characters/u);
    const nested = (depth: number): string => '('.repeat(depth) + printCondition(failing) + ')'.repeat(depth);
    assert.deepEqual(parsed(nested(20)), failing);
    assert.match(mistake(nested(21)), /at most 20 parentheses/u);
  });
});

const numbers = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }).map(Math.abs),
);
const whole = fc.integer({ min: 0, max: 999 });
const plain = { noNullPrototype: true };
const measures = fc.oneof(
  fc.record(
    {
      kind: fc.constant('latency' as const),
      quantile: fc.double({ min: 0, max: 100, noNaN: true }).map(Math.abs),
    },
    plain,
  ),
  fc.record({ kind: fc.constant('network-errors' as const) }, plain),
  fc.record(
    { kind: fc.constant('codes' as const), from: whole, to: whole, dividedByFrom: whole, dividedByTo: whole },
    plain,
  ),
);
const comparison: fc.Arbitrary<BreakerCondition> = fc.record(
  {
    kind: fc.constant('comparison' as const),
    measure: measures,
    operator: fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
    value: numbers,
  },
  plain,
);
const condition: fc.Arbitrary<BreakerCondition> = fc.letrec<{ condition: BreakerCondition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc.record(
      {
        kind: fc.constantFrom('all', 'any'),
        of: fc.array(tie('condition'), { minLength: 2, maxLength: 3 }),
      },
      plain,
    ),
  ),
})).condition;

describe('an expression', () => {
  it('says the same when it is printed and read again', () => {
    fc.assert(
      fc.property(condition, (made) => {
        const text = printCondition(made);
        fc.pre(text.length <= 1000);
        assert.deepEqual(parsed(text), made);
      }),
    );
  });

  it('is read or refused, whatever it is, and what is refused is named by a place in it', () => {
    const pieces = fc.constantFrom(
      'NetworkErrorRatio',
      'LatencyAtQuantileMS',
      'ResponseCodeRatio',
      '(',
      ')',
      ',',
      '&&',
      '||',
      '!',
      '<',
      '>',
      '=',
      '!=',
      ' ',
      '0',
      '0.5',
      '1e3',
      '.',
      '-',
      '"',
      '\u{1F642}',
      '\n',
      '\\',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseCondition(text);
        if ('condition' in result) return;
        const at = Number(/^at character (\d+) /u.exec(result.mistake)?.[1]);
        assert.ok(at >= 1 && at <= text.length + 1, result.mistake);
      }),
      { numRuns: 2000 },
    );
  });
});
