// Runs one of the project's commands from a bare checkout: `node tools/run.mjs WHAT ARGS`, as the npm scripts do.
// It installs what package-lock.json names if node_modules is not in step, finds a Node that runs TypeScript, fetches
// Envoy where the command needs it, and becomes the command. It runs on Node 20 without any package, so it is
// JavaScript and stands on node's own modules alone.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { bringInStep, fail, root } from './setup.mjs';

const oldestNode = 24;
const bin = join(root, 'node_modules', '.bin');

/**
 * The commands. `script` is run by Node, `program` is one of node_modules/.bin; `args` stand
 * before the user's own.
 * `envoy`: fetched first, so that the command starts with all that it needs.
 * `cached`: compiled code is kept from run to run, which the generated Envoy API makes worth while; not for the tests,
 * whose coverage it would blur.
 * `inCallersFolder`: paths on the command line mean what they mean where the user typed them.
 * @type {Record<string, { script?: string, program?: string, args?: string[], envoy?: true, cached?: true, inCallersFolder?: true }>}
 */
const commands = {
  maesh: { script: 'src/cli/main.ts', cached: true, inCallersFolder: true },
  demo: { script: 'demo/main.ts', envoy: true, cached: true },
  bench: { script: 'bench/run.ts', envoy: true, cached: true },
  test: { script: 'tools/check.ts' },
  'test:cluster': { script: 'tools/check-cluster.ts', envoy: true },
  typecheck: { script: 'tools/check.ts', args: ['--step', 'typecheck'] },
  lint: { script: 'tools/check.ts', args: ['--step', 'lint'] },
  knip: { script: 'tools/check.ts', args: ['--step', 'knip'] },
  format: { program: 'oxfmt' },
  gen: { script: 'tools/gen.ts' },
  build: { script: 'tools/build.ts' },
  image: { script: 'tools/image/main.ts' },
};

/** The Node that runs TypeScript: the one that package-lock.json names, else the one on the PATH if it is new enough. */
function findNode() {
  if (process.platform === 'linux') {
    const installed = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
    if (existsSync(installed)) return installed;
  }
  if (major(process.version) >= oldestNode) return process.execPath;
  const { stdout } = spawnSync('node', ['--version'], { encoding: 'utf8' });
  if (stdout !== null && major(stdout) >= oldestNode) return 'node';
  return fail(
    `Node ${oldestNode} or newer is needed, this is ${process.version}, and the package node-linux-${process.arch} is not in ` +
      `node_modules: remove node_modules and try again with network access, or put Node ${oldestNode} on the PATH`,
  );
}

/** @param {string} version such as `v24.21.0` */
function major(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10);
}

/** Where Node can't become the command (before 22.15), it runs it as a child that gets its signals and whose end is its own. */
function runAsChild(node, args, options) {
  const child = spawn(node, args, { ...options, stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // Ctrl-C reaches the whole foreground group of a terminal: passed on too, the child would take it for a second one.
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => hasTerminal || child.kill('SIGINT'));
  child.on('error', (error) => fail(`Cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function become(file, args, { cwd, env }) {
  if (process.execve === undefined || major(process.version) < oldestNode)
    return runAsChild(file, args, { cwd, env });
  process.chdir(cwd);
  return process.execve(file, [file, ...args], env);
}

const [what, ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, what ?? '') ? commands[what] : undefined;
if (command === undefined) {
  fail(`Usage: node tools/run.mjs ${Object.keys(commands).join('|')} [ARGS]`);
}
bringInStep();

const node = findNode();
const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== bin);
const env = { ...process.env, PATH: [bin, ...path].join(delimiter) };
if (command.envoy) {
  const { status } = spawnSync(node, [join(root, 'tools', 'fetch-envoy.ts')], { env, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
if (command.cached) env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'compile');
const calledByNpm = process.env.npm_lifecycle_event === what;
const cwd = command.inCallersFolder ? (calledByNpm && process.env.INIT_CWD) || process.cwd() : root;
const before = command.args ?? [];
if (command.program) become(join(bin, command.program), [...before, ...args], { cwd, env });
else become(node, [join(root, command.script), ...before, ...args], { cwd, env });
