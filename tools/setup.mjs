// Brings node_modules in step with package-lock.json. Run as a program it installs; `bringInStep` runs it so under a
// lock, only where something is missing. Like run.mjs it is plain JavaScript for Node 20 and needs no package.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const self = fileURLToPath(import.meta.url);

/** Says what went wrong and what to do, and ends the process. */
export function fail(message) {
  process.stderr.write(`maesh: ${message}\n`);
  process.exit(1);
}

/** Installs what is missing, if anything is. Two at once: the second waits for the first, then finds nothing to do. */
export function bringInStep() {
  if (outOfStep().length === 0) return;
  const installer = [process.execPath, self];
  // flock's lock lives as long as the processes that hold it, and dies with them. (A busy lock is exit code 75.)
  let { status, error } = spawnSync('flock', ['--nonblock', '-E', '75', self, ...installer], {
    stdio: 'inherit',
  });
  if (status === 75) {
    say('another set-up of this checkout is running: waiting for it');
    ({ status, error } = spawnSync('flock', [self, ...installer], { stdio: 'inherit' }));
  }
  if (error?.code === 'ENOENT')
    ({ status } = spawnSync(installer[0], installer.slice(1), { stdio: 'inherit' }));
  if (status !== 0) process.exit(1);
}

/**
 * Names of packages of package-lock.json that node_modules lacks or has in another version. npm writes what it
 * installed into node_modules/.package-lock.json when it is done, so an interrupted or never run installation shows.
 */
function outOfStep() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  let installed = {};
  try {
    installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return Object.entries(wanted)
    .filter(([path, entry]) => path !== '' && isForThisMachine(entry))
    .filter(
      ([path, entry]) =>
        installed[path]?.version !== entry.version || installed[path]?.integrity !== entry.integrity,
    )
    .map(([path, entry]) => `${path.replace(/^.*node_modules\//, '')}@${entry.version}`);
}

function packagesOf(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
}

/**
 * Whether a package has to be there: those that every machine needs, and those of this system and processor. Packages
 * for one C library only are left out: which one this is costs more to find out than their lack would.
 */
function isForThisMachine({ optional, os, cpu, libc }) {
  if (os === undefined && cpu === undefined) return !optional;
  const has = (list, value) => list === undefined || [list].flat().includes(value);
  return libc === undefined && has(os, process.platform) && has(cpu, process.arch);
}

function say(message) {
  process.stderr.write(`maesh: ${message}\n`);
}

async function install() {
  const missing = outOfStep();
  if (missing.length === 0) return;
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  say(
    `installing ${missing.length} packages with npm ci (about half a minute; only when package-lock.json has changed)`,
  );
  const heartbeat = setInterval(() => say(`still installing, ${seconds()}`), 10_000);
  const code = await npm('ci', '--include=dev', '--include=optional', '--loglevel=error');
  clearInterval(heartbeat);
  if (code !== 0)
    fail(
      `npm ci failed (${code}); its own words stand above. Check that the package registry can be reached, and try again`,
    );
  const left = outOfStep();
  if (left.length > 0)
    fail(`npm ci left out ${left.join(', ')}: check that the package registry has them, and try again`);
  say(`packages installed in ${seconds()}`);
}

/** Runs npm with the Node that it came with: the one in node_modules goes away while npm ci runs. */
function npm(...args) {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')));
  const env = { ...process.env, PATH: path.join(delimiter) };
  const { promise, resolve } = deferred();
  // What npm has to say is progress: standard output belongs to the command that is run afterwards.
  const child = spawn('npm', args, { cwd: root, env, stdio: ['ignore', process.stderr, process.stderr] });
  child.on('error', (error) => resolve(error.message));
  child.on('exit', (code, signal) => resolve(code ?? signal));
  return promise;
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

if (process.argv[1] === self) await install();
