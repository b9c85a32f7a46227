// The data path: requests a second, latency and processor time of Maesh, a bare Envoy, Traefik and the backend alone.

import { median } from '../kit/figures.ts';
import { machine, progress, report, table } from '../kit/report.ts';
import { findTools, type Tools } from '../kit/tools.ts';
import { openArena, pinned, shared, type Contender, type Sharing } from '../path/contenders.ts';
import { load, type LoadFigures } from '../path/load.ts';

/** How long it is measured. */
export interface PathOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** A contender with what each round gave. */
interface Score {
  readonly name: string;
  readonly rounds: readonly LoadFigures[];
}

/** Measures HTTP and TCP with proxies that have a processor of their own, then HTTP with everything everywhere. */
export async function path(options: PathOptions): Promise<void> {
  const on = await machine();
  const tools = await findTools();
  const results: { readonly title: string; readonly scores: readonly Score[] }[] = [];
  {
    await using arena = await openArena(tools, pinned);
    const compared = { tools, sharing: pinned, ...options };
    const own = 'the proxy has a processor of its own';
    results.push({ title: `HTTP, ${own}`, scores: await compare(arena.http, compared) });
    results.push({ title: `HTTP over the TCP path, ${own}`, scores: await compare(arena.tcp, compared) });
  }
  {
    await using arena = await openArena(tools, shared);
    const title = 'HTTP, 2 workers, nothing has a processor of its own';
    results.push({ title, scores: await compare(arena.http, { tools, sharing: shared, ...options }) });
  }
  const tables = results.map(({ title, scores }) => `${title}\n\n${scoreTable(scores)}`);
  await report('path', { machine: on, tables, figures: results });
}

async function compare(
  contenders: readonly Contender[],
  options: PathOptions & { readonly tools: Tools; readonly sharing: Sharing },
): Promise<readonly Score[]> {
  const scores = contenders.map(({ name }) => ({ name, rounds: [] as LoadFigures[] }));
  for (const contender of contenders) await load(contender, { ...options, seconds: 1 });
  for (let round = 0; round < options.rounds; round++) {
    progress(`path: round ${round + 1} of ${options.rounds}`);
    // In turn, so that whatever else the machine does meets them all; another begins each time.
    for (let n = 0; n < contenders.length; n++) {
      const index = (n + round) % contenders.length;
      const contender = contenders[index];
      if (contender !== undefined) scores[index]?.rounds.push(await load(contender, options));
    }
  }
  return scores;
}

function scoreTable(scores: readonly Score[]): string {
  const bare = scores.find(({ name }) => name === 'bare Envoy');
  const of = ({ rounds }: Score, figure: keyof LoadFigures): number =>
    median(rounds.map((round) => round[figure]));
  const ratio = ({ rounds }: Score, figure: keyof LoadFigures): number =>
    median(rounds.map((round, index) => round[figure] / (bare?.rounds[index]?.[figure] ?? Number.NaN)));
  const rows = scores.map((score) => [
    score.name,
    of(score, 'requestsPerSecond'),
    ratio(score, 'requestsPerSecond').toFixed(3),
    of(score, 'cpuUs'),
    ratio(score, 'cpuUs').toFixed(3),
    of(score, 'p50Ms'),
    of(score, 'p99Ms'),
  ]);
  const head = ['', 'requests/s', '÷ bare Envoy', 'CPU µs/request', '÷ bare Envoy', 'p50 ms', 'p99 ms'];
  return table(head, rows);
}
