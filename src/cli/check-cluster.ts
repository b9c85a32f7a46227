// `maesh check` without manifests: a cluster is looked at, and each result told as it comes.

import { setTimeout as delay } from 'node:timers/promises';

import manifest from '../../package.json' with { type: 'json' };
import type { Cluster } from '../check/cluster.ts';
import { connect } from '../check/connect.ts';
import { runChecks, type CheckResult } from '../check/run-checks.ts';
import { commandClusterOptions, noCluster } from '../config/cluster-access.ts';
import type { CommandSettings } from '../config/settings.ts';
import { CommandError, type CommandContext } from './command.ts';
import { jsonClusterReport, resultText, summaryText } from './cluster-report.ts';
import type { Output } from './output.ts';
import { Progress } from './progress.ts';

type Options = CommandSettings['check'];

/** Between two looks while it is waited. */
const pauseMs = 1_000;

/** Prints what the checks find; the exit code is 1 if something is wrong, and 0 where there are only warnings. */
export async function checkCluster(
  options: Options,
  { terminal: { out, err }, surroundings }: Pick<CommandContext, 'terminal' | 'surroundings'>,
): Promise<number> {
  const access = commandClusterOptions(options, surroundings);
  const mistakes = noCluster(access);
  const advice = 'give --kubeConfig, KUBECONFIG or --masterURL, or manifests by -f';
  if (mistakes.length > 0) throw new CommandError(mistakes.map((each) => ({ ...each, advice })));
  const { namespace, wait, output } = options;
  using connection = await connect({ ...access, namespace, version: manifest.version });
  const progress = new Progress(err);
  const end = performance.now() + wait * 1_000;
  // While there is time left, what is wrong may come right, and is not told yet.
  while (performance.now() < end) {
    const results = await look(connection.look(), { progress });
    if (!results.some(isWrong)) return tell(results, { output, out });
    progress.say(`waiting, since ${results.find(isWrong)?.name ?? ''} is not well`);
    await delay(pauseMs);
  }
  if (output === 'json') return tell(await look(connection.look(), { progress }), { output, out });
  const results = await look(connection.look(), { progress, out });
  out.write(summaryText(results, out));
  return exitCode(results);
}

/** Makes all checks; each result is printed as it comes if there is where to. */
async function look(
  cluster: Cluster,
  { progress, out }: { readonly progress: Progress; readonly out?: Output },
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for await (const result of runChecks(cluster, (name) => progress.begin(`looking at ${name}`))) {
    progress.clear();
    out?.write(resultText(result, { before: results.at(-1), out }));
    results.push(result);
  }
  return results;
}

function tell(
  results: readonly CheckResult[],
  { output, out }: Pick<Options, 'output'> & { readonly out: Output },
): number {
  if (output === 'json') out.write(jsonClusterReport(results));
  else {
    for (const [index, result] of results.entries()) {
      out.write(resultText(result, { before: results[index - 1], out }));
    }
    out.write(summaryText(results, out));
  }
  return exitCode(results);
}

function isWrong({ status }: CheckResult): boolean {
  return status === 'error';
}

function exitCode(results: readonly CheckResult[]): number {
  return results.some(isWrong) ? 1 : 0;
}
