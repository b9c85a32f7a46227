// `maesh version`: which Maesh this is, and what it runs on.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import manifest from '../../../package.json' with { type: 'json' };
import type { VersionOptions } from '../../config/options.ts';
import type { CommandContext } from '../command.ts';
import { columns } from '../output.ts';

/** Prints the version. */
export function run(
  { output }: VersionOptions,
  { terminal }: Pick<CommandContext, 'terminal'>,
): Promise<number> {
  const commit = checkoutCommit();
  const version = {
    version: manifest.version,
    ...(commit === undefined ? {} : { commit }),
    node: process.version,
    platform: `${process.platform}/${process.arch}`,
  };
  const { out } = terminal;
  if (output === 'json') out.write(`${JSON.stringify(version, undefined, 2)}\n`);
  else out.write(columns(Object.entries(version).map(([name, value]) => [out.paint('bold', name), value])));
  return Promise.resolve(0);
}

/** The commit of the checkout that this runs from; undefined where it is bundled or there is no git. */
function checkoutCommit(): string | undefined {
  const root = join(import.meta.dirname, '..', '..', '..');
  // A bundle has no folders of its own, and asked outside of a checkout git answers for one that lies further up.
  if (!import.meta.filename.endsWith('.ts') || !existsSync(join(root, '.git'))) return undefined;
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return commit.trim();
  } catch {
    return undefined;
  }
}
