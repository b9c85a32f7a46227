// `maesh standalone`: a mesh from a folder of manifests, until somebody ends it.

import type { CommandSettings } from '../../config/settings.ts';
import { standaloneOptions } from '../../config/standalone.ts';
import { createLog } from '../../runtime/pino-log.ts';
import { CommandError, type CommandContext } from '../command.ts';
import { readyText } from '../ready.ts';
import { untilSignal } from '../signals.ts';

/** Runs the mesh until a signal asks it to end, which is success. */
export async function run(
  settings: CommandSettings['standalone'],
  { terminal, surroundings, configFile }: CommandContext,
): Promise<number> {
  const result = standaloneOptions(settings, surroundings);
  if ('mistakes' in result) throw new CommandError(result.mistakes);
  const { options } = result;
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  if (configFile !== undefined) log.info('Settings read from a configuration file', { file: configFile });
  // Loaded only now: it is most of Maesh, and what is wrong with settings shall be told at once.
  const { runStandalone } = await import('../../app.ts');
  const { signal, dispose } = untilSignal(log);
  try {
    await runStandalone(options, {
      log,
      signal,
      onReady: (addresses) => terminal.out.write(readyText(addresses, { options, out: terminal.out })),
    });
  } finally {
    dispose();
  }
  return 0;
}
