// The programs of this machine that nodes of a cluster run, from Debian's packages. Run as a program it installs those
// that are missing.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import type { Log } from '../../src/runtime/log.ts';
import { createLog } from '../../src/runtime/pino-log.ts';

/** Packages, each with a program of it: a name on the PATH, or a path. */
const packages: Readonly<Record<string, string>> = {
  conntrack: 'conntrack',
  containerd: 'containerd',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iproute2: 'ip',
  nftables: 'nft',
  openssl: 'openssl',
  procps: 'sysctl',
  runc: 'runc',
  'util-linux': 'nsenter',
};

/**
 * Installs what is missing (some 30 s for all of it). A second run has nothing to do.
 * @throws with what is missing where this user or machine can't install it, or can't have namespaces.
 */
export async function installPackages(log: Log): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error(
      'The nodes of a cluster take root: they have network namespaces, mounts and cgroups of their own',
    );
  const missing = Object.keys(packages).filter((name) => !isInstalled(packages[name] ?? ''));
  if (missing.length > 0) await install(missing, log);
  await checkNamespaces();
}

function isInstalled(program: string): boolean {
  if (program.startsWith('/')) return existsSync(program);
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

async function install(names: readonly string[], log: Log): Promise<void> {
  log.info(`Installing ${names.join(', ')} with apt-get`);
  const started = performance.now();
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]): Promise<unknown> =>
    promisify(execFile)('apt-get', ['-qq', ...args], { env });
  try {
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', ...names);
  } catch (error) {
    throw new Error(
      `Cannot install ${names.join(', ')}, which nodes of a cluster need: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  log.info(`Installed them in ${Math.round((performance.now() - started) / 1000)} s`);
}

async function checkNamespaces(): Promise<void> {
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
  try {
    await promisify(execFile)('unshare', [...namespaces, '--fork', 'true']);
  } catch (error) {
    throw new Error(`Nodes of a cluster can't have namespaces here: ${(error as Error).message.trim()}`, {
      cause: error,
    });
  }
  if (!existsSync('/sys/fs/cgroup/memory'))
    throw new Error('Nodes of a cluster take cgroup v1, whose hierarchies are not at /sys/fs/cgroup here');
}

if (import.meta.main) {
  try {
    await installPackages(createLog({ level: 'info', format: 'common' }));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
