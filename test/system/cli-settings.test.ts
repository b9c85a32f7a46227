// Where the real command line takes its settings from. src/config/*.test.ts has the rules in detail.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { runMaesh } from '../kit/run-maesh.ts';

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-cli-'));
  await mkdir(join(folder, 'home/.config'), { recursive: true });
  await writeFile(join(folder, 'maesh.toml'), 'logLevel = "loud"\n');
  await writeFile(join(folder, 'bootstrap.yaml'), 'nodeId: from-file\n');
  await writeFile(join(folder, 'home/.config/traefik-mesh.yml'), 'htpPort: 80\n');
});

after(() => rm(folder, { recursive: true }));

/** The node's name in the bootstrap that is printed. */
async function nodeId(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { stdout, stderr } = await runMaesh(['bootstrap', '-o', 'json', ...args], { cwd: folder, env });
  assert.notEqual(stdout, '', stderr);
  return (JSON.parse(stdout) as { readonly node: { readonly id: string } }).node.id;
}

describe('settings of the command line', () => {
  it('come from a named file, else from flags, else from either kind of variables', async () => {
    const env = { MAESH_NODEID: 'from-env' };
    const flags = ['--NODEID=from-flag'];
    assert.equal(await nodeId(['--configFile', 'bootstrap.yaml', ...flags], env), 'from-file');
    assert.equal(await nodeId(flags, env), 'from-flag');
    assert.equal(await nodeId([], env), 'from-env');
    assert.equal(await nodeId([], { TRAEFIK_MESH_NODEID: 'from-other' }), 'from-other');
  });

  it('are warned of on standard error where they do not count, and the command goes on', async () => {
    const { code, stderr } = await runMaesh(['bootstrap', '-nodeId', 'a'], { env: { MAESH_XDSPORT: '1' } });
    assert.equal(code, 0);
    assert.equal(
      stderr,
      'maesh: warning: ignored MAESH_XDSPORT; where flags are given, as --nodeId, no variable counts; give flags for them too\n',
    );
  });

  it('may not come from both kinds of variables', async () => {
    const env = { MAESH_NODEID: 'a', TRAEFIK_MESH_XDSPORT: '1' };
    const { code, stdout, stderr } = await runMaesh(['bootstrap'], { env });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^maesh: MAESH_NODEID and TRAEFIK_MESH_XDSPORT; .*never with both at once; .*\n$/);
  });

  it('of a mesh come from a file that lies in the working directory', async () => {
    const { code, stderr } = await runMaesh(['standalone', '--dir', 'mesh'], { cwd: folder });
    assert.equal(code, 1);
    assert.deepEqual(stderr.replaceAll(`${folder}/`, '').split('\n'), [
      'maesh: warning: ignored --dir; all settings come from the configuration file maesh.toml; set them there',
      'maesh: no --dir; it is needed, and the configuration file maesh.toml, from which all settings come, has no dir; add it there',
      'maesh: logLevel: loud in maesh.toml; not one of the values that there are; use panic, fatal, error, warn, warning, info, debug or trace',
      '',
    ]);
  });

  it("of a mesh come from a file in the user's folder, under the name of Traefik Mesh too", async () => {
    const home = join(folder, 'home');
    const { code, stderr } = await runMaesh(['standalone'], { cwd: home, env: { HOME: home } });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^maesh: htpPort in .*traefik-mesh\.yml; no setting has this name; did you mean httpPort/,
    );
  });
});

describe('the command line', () => {
  it('goes on without a word where nobody reads what it prints', async () => {
    assert.deepEqual(await runMaesh(['bootstrap'], { stdout: 'closed' }), {
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('says in one line that there is no room for what it prints, and exits with 1', async () => {
    const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
    const call = ['-c', '"$0" "$1" bootstrap > /dev/full', process.execPath, main];
    const { status, stderr } = spawnSync('sh', call, { encoding: 'utf8' });
    assert.match(stderr, /^maesh: cannot write what is printed; ENOSPC: .*\n$/);
    assert.equal(status, 1);
  });

  it('says in one line what is wrong with a call, and exits with 1', async () => {
    const { code, stdout, stderr } = await runMaesh(['bootstrap', '--nodId', 'a']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      'maesh: --nodId; there is no such flag; did you mean --nodeId? see `maesh bootstrap --help`\n',
    );
  });
});
