// `maesh prepare`: has the cluster's DNS know the mesh, once.

import { commandClusterOptions, noCluster } from '../../config/cluster-access.ts';
import { takenDomains } from '../../config/mesh-domains.ts';
import type { CommandSettings } from '../../config/settings.ts';
import { CommandError, type CommandContext } from '../command.ts';

/** Says what it found and did; the exit code is 1 where DNS does not know the mesh after it. */
export async function run(
  settings: CommandSettings['prepare'],
  { terminal: { out, err }, surroundings }: Pick<CommandContext, 'terminal' | 'surroundings'>,
): Promise<number> {
  const options = { ...settings, ...commandClusterOptions(settings, surroundings) };
  const mistakes = [...noCluster(options), ...takenDomains(options)];
  if (mistakes.length > 0) throw new CommandError(mistakes);
  // Loaded only now: it is most of Maesh, and what is wrong with settings shall be told at once.
  const { prepareCluster } = await import('../../app/prepare.ts');
  let isDone = true;
  await prepareCluster(options, {
    signal: new AbortController().signal,
    onStep: ({ kind, text, byHand }) => {
      if (kind === 'done') out.write(`${text}\n`);
      else err.write(`maesh: ${text}\n${byHand === undefined ? '' : `\n${byHand}`}`);
      isDone &&= kind === 'done';
    },
  });
  return isDone ? 0 : 1;
}
