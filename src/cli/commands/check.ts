// `maesh check`: what is wrong with a cluster's mesh, or every problem in a folder of manifests.

import { settings, type CommandSettings } from '../../config/settings.ts';
import { checkCluster } from '../check-cluster.ts';
import type { CommandContext } from '../command.ts';
import { readMesh } from '../offline.ts';
import { jsonReport, textReport } from '../report.ts';

/** Prints what is wrong; the exit code is 1 if something is. */
export async function run(
  options: CommandSettings['check'],
  { terminal, surroundings }: Pick<CommandContext, 'terminal' | 'surroundings'>,
): Promise<number> {
  const { dir } = options;
  if (dir === undefined) return await checkCluster(options, { terminal, surroundings });
  const addressRange = settings.standalone.addressRange.default;
  const mesh = await readMesh({ ...options, dir, addressRange });
  terminal.out.write(options.output === 'json' ? jsonReport(mesh) : textReport(mesh, terminal.out));
  return mesh.topology.problems.length === 0 ? 0 : 1;
}
