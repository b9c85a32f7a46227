// Contenders in turn, round by round, and how each compares with one of them.

import { median } from '../kit/figures.ts';
import { progress, table } from '../kit/report.ts';
import type { Tools } from '../kit/tools.ts';
import type { Contender, Sharing } from './contenders.ts';
import { load, type LoadFigures } from './load.ts';

/** How it is measured, and for how long. */
export interface Comparison {
  /** Name of the benchmark, for those who wait. */
  readonly what: string;
  readonly tools: Tools;
  readonly sharing: Sharing;
  readonly rounds: number;
  readonly seconds: number;
}

/** A contender with what each round gave. */
export interface Score {
  readonly name: string;
  readonly rounds: readonly LoadFigures[];
}

/** Measures contenders. */
export async function compare(
  contenders: readonly Contender[],
  options: Comparison,
): Promise<readonly Score[]> {
  const scores = contenders.map(({ name }) => ({ name, rounds: [] as LoadFigures[] }));
  for (const contender of contenders) await load(contender, { ...options, seconds: 1 });
  for (let round = 0; round < options.rounds; round++) {
    progress(`${options.what}: round ${round + 1} of ${options.rounds}`);
    // In turn, so that whatever else the machine does meets them all; another begins each time.
    for (let n = 0; n < contenders.length; n++) {
      const index = (n + round) % contenders.length;
      const contender = contenders[index];
      if (contender !== undefined) scores[index]?.rounds.push(await load(contender, options));
    }
  }
  return scores;
}

/** Medians, and their ratios to those of the contender that is named. */
export function scoreTable(scores: readonly Score[], name: string): string {
  const base = scores.find((score) => score.name === name);
  const of = ({ rounds }: Score, figure: keyof LoadFigures): number =>
    median(rounds.map((round) => round[figure]));
  const ratio = ({ rounds }: Score, figure: keyof LoadFigures): string =>
    median(
      rounds.map((round, index) => round[figure] / (base?.rounds[index]?.[figure] ?? Number.NaN)),
    ).toFixed(3);
  const rows = scores.map((score) => [
    score.name,
    of(score, 'requestsPerSecond'),
    ratio(score, 'requestsPerSecond'),
    of(score, 'cpuUs'),
    ratio(score, 'cpuUs'),
    of(score, 'p50Ms'),
    of(score, 'p99Ms'),
  ]);
  const head = ['', 'requests/s', `÷ ${name}`, 'CPU µs/request', `÷ ${name}`, 'p50 ms', 'p99 ms'];
  return table(head, rows);
}
