// `maesh check`: every problem in a folder of manifests.

import { settings, type CommandSettings } from '../../config/settings.ts';
import type { CommandContext } from '../command.ts';
import { readMesh } from '../offline.ts';
import { jsonReport, textReport } from '../report.ts';

/** Prints every problem; the exit code is 1 if there is one. */
export async function run(
  options: CommandSettings['check'],
  { terminal }: Pick<CommandContext, 'terminal'>,
): Promise<number> {
  const addressRange = settings.standalone.addressRange.default;
  const mesh = await readMesh({ ...options, addressRange });
  terminal.out.write(options.output === 'json' ? jsonReport(mesh) : textReport(mesh, terminal.out));
  return mesh.topology.problems.length === 0 ? 0 : 1;
}
