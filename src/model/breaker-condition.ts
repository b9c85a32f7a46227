// When a circuit breaker opens: what the annotation `circuit-breaker-expression` says, in the language of the original's
// proxies (github.com/vulcand/predicate over Go's expressions, with the functions of github.com/vulcand/oxy/cbreaker).

/** A condition on the requests of the last seconds. */
export type BreakerCondition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly BreakerCondition[] }
  | {
      readonly kind: 'comparison';
      readonly measure: Measure;
      readonly operator: Operator;
      readonly value: number;
    };

/** What is measured. */
export type Measure =
  /** `LatencyAtQuantileMS(q)`: whole milliseconds within which q percent of the requests of the last minute were answered. */
  | { readonly kind: 'latency'; readonly quantile: number }
  /** `NetworkErrorRatio()`: which part of the requests of the last ten seconds got no answer, 0 to 1. */
  | { readonly kind: 'network-errors' }
  /** `ResponseCodeRatio(from, to, dividedByFrom, dividedByTo)`: how many statuses of [from, to) there were for each of [dividedByFrom, dividedByTo). */
  | {
      readonly kind: 'codes';
      readonly from: number;
      readonly to: number;
      readonly dividedByFrom: number;
      readonly dividedByTo: number;
    };

export type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** Writes a condition so that {@link parseCondition}, and the original, read the same from it. */
export function printCondition(condition: BreakerCondition): string {
  if (condition.kind === 'comparison') {
    const { measure, operator, value } = condition;
    return `${printMeasure(measure)} ${operator} ${measure.kind === 'latency' ? value : withPoint(value)}`;
  }
  const parts = condition.of.map((part) =>
    part.kind === 'comparison' ? printCondition(part) : `(${printCondition(part)})`,
  );
  return parts.join(condition.kind === 'all' ? ' && ' : ' || ');
}

function printMeasure(measure: Measure): string {
  if (measure.kind === 'network-errors') return 'NetworkErrorRatio()';
  if (measure.kind === 'latency') return `LatencyAtQuantileMS(${withPoint(measure.quantile)})`;
  const { from, to, dividedByFrom, dividedByTo } = measure;
  return `ResponseCodeRatio(${from}, ${to}, ${dividedByFrom}, ${dividedByTo})`;
}

/** As the original wants fractions: it tells 1 from 1.0. */
function withPoint(value: number): string {
  const text = String(value);
  return /^\d+$/u.test(text) ? `${text}.0` : text;
}
