// `maesh calls`: whether services are still called by mesh names, for whoever is about to uninstall the mesh.

import manifest from '../../../package.json' with { type: 'json' };
import { lookAtCalls } from '../../check/calls.ts';
import { connect } from '../../check/connect.ts';
import { commandClusterOptions, noCluster } from '../../config/cluster-access.ts';
import type { CommandSettings } from '../../config/settings.ts';
import { callsText, isCalled } from '../calls-text.ts';
import { CommandError, type CommandContext } from '../command.ts';
import { Progress } from '../progress.ts';

/** Says which services are called; the exit code is 0 only where none is, and every proxy says so. */
export async function run(
  settings: CommandSettings['calls'],
  { terminal: { out, err }, surroundings }: Pick<CommandContext, 'terminal' | 'surroundings'>,
): Promise<number> {
  const access = commandClusterOptions(settings, surroundings);
  const mistakes = noCluster(access);
  if (mistakes.length > 0) throw new CommandError(mistakes);
  const { namespace, seconds } = settings;
  using connection = await connect({ ...access, namespace, version: manifest.version });
  const progress = new Progress(err);
  progress.begin(`looking for ${seconds} seconds`);
  const calls = await lookAtCalls(connection.look(), seconds * 1_000).finally(() => progress.clear());
  if (calls.proxies.length === 0) {
    const what = `no proxies in namespace ${namespace}`;
    const advice = "name the mesh's own namespace by --namespace";
    throw new CommandError([{ what, why: 'nobody can be called by a mesh name there', advice }]);
  }
  out.write(callsText(calls, seconds));
  for (const line of calls.unknown) err.write(`maesh: ${line}\n`);
  return isCalled(calls) || calls.unknown.length > 0 ? 1 : 0;
}
