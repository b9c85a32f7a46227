// What it costs to ask for something: requests through a service's mesh port with an annotation against those without,
// through the same proxy in the same run. Access control is a setting of a whole mesh: its rows are of a second one.

import { machine, report } from '../kit/report.ts';
import { findTools } from '../kit/tools.ts';
import { compare, scoreTable } from '../path/compare.ts';
import { pinned } from '../path/contenders.ts';
import { openPolicies, plain } from '../path/policies.ts';

/** Measures each annotation that costs something on the way of a request. */
export async function policies(options: {
  readonly rounds: number;
  readonly seconds: number;
}): Promise<void> {
  const on = await machine();
  const tools = await findTools();
  await using arena = await openPolicies(tools, pinned);
  const scores = await compare(arena.contenders, { what: 'policies', tools, sharing: pinned, ...options });
  await report('policies', { machine: on, tables: [scoreTable(scores, plain)], figures: scores });
}
