// `maesh cleanup`: takes everything that a mesh has made out of a cluster.

import { commandClusterOptions, noCluster } from '../../config/cluster-access.ts';
import type { CommandSettings } from '../../config/settings.ts';
import { createLog } from '../../runtime/pino-log.ts';
import { CommandError, type CommandContext } from '../command.ts';
import { untilSignal } from '../signals.ts';

/** Says what it took away; the exit code is 1 where something is left that it could not. */
export async function run(
  settings: CommandSettings['cleanup'],
  { terminal: { out, err }, surroundings }: Pick<CommandContext, 'terminal' | 'surroundings'>,
): Promise<number> {
  const options = { ...settings, ...commandClusterOptions(settings, surroundings) };
  const mistakes = noCluster(options);
  if (mistakes.length > 0) throw new CommandError(mistakes);
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  // Loaded only now: it is most of Maesh, and what is wrong with settings shall be told at once.
  const { cleanUp } = await import('../../app/cleanup/clean-up.ts');
  const { signal, dispose } = untilSignal(log);
  let isClean = true;
  try {
    await cleanUp(options, {
      log,
      signal,
      onStep: ({ kind, text }) => {
        if (kind === 'done') out.write(`${text}\n`);
        else err.write(`maesh: ${text}\n`);
        isClean &&= kind === 'done';
      },
    });
  } finally {
    dispose();
  }
  return isClean && !signal.aborted ? 0 : 1;
}
