// `maesh` without a command: the controller of a mesh in Kubernetes, until somebody ends it.

import { controllerOptions } from '../../config/controller.ts';
import type { CommandSettings } from '../../config/settings.ts';
import { createLog } from '../../runtime/pino-log.ts';
import { CommandError, type CommandContext } from '../command.ts';
import { untilSignal } from '../signals.ts';

/** Runs the controller until a signal asks it to end, which is success. */
export async function run(
  settings: CommandSettings['controller'],
  { surroundings, configFile }: Pick<CommandContext, 'surroundings' | 'configFile'>,
): Promise<number> {
  const result = controllerOptions(settings, surroundings);
  if ('mistakes' in result) throw new CommandError(result.mistakes);
  const { options } = result;
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  if (configFile !== undefined) log.info('Settings read from a configuration file', { file: configFile });
  // Loaded only now: it is most of Maesh, and what is wrong with settings shall be told at once.
  const { runController } = await import('../../app/controller.ts');
  const { signal, dispose } = untilSignal(log);
  try {
    await runController(options, { log, signal, onReady: () => log.info('The mesh is ready') });
  } finally {
    dispose();
  }
  return 0;
}
