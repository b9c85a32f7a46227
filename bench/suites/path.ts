// The data path: requests a second, latency and processor time of Maesh, a bare Envoy, Traefik and the backend alone.

import { machine, report } from '../kit/report.ts';
import { findTools } from '../kit/tools.ts';
import { compare, scoreTable, type Score } from '../path/compare.ts';
import { openArena, pinned, shared } from '../path/contenders.ts';

/** How long it is measured. */
export interface PathOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** Measures HTTP and TCP with proxies that have a processor of their own, then HTTP with everything everywhere. */
export async function path(options: PathOptions): Promise<void> {
  const on = await machine();
  const tools = await findTools();
  const results: { readonly title: string; readonly scores: readonly Score[] }[] = [];
  {
    await using arena = await openArena(tools, pinned);
    const compared = { what: 'path', tools, sharing: pinned, ...options };
    const own = 'the proxy has a processor of its own';
    results.push({ title: `HTTP, ${own}`, scores: await compare(arena.http, compared) });
    results.push({ title: `HTTP over the TCP path, ${own}`, scores: await compare(arena.tcp, compared) });
  }
  {
    await using arena = await openArena(tools, shared);
    const title = 'HTTP, 2 workers, nothing has a processor of its own';
    results.push({
      title,
      scores: await compare(arena.http, { what: 'path', tools, sharing: shared, ...options }),
    });
  }
  const tables = results.map(({ title, scores }) => `${title}\n\n${scoreTable(scores, 'bare Envoy')}`);
  await report('path', { machine: on, tables, figures: results });
}
