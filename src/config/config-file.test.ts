import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { findConfigFile, readConfigFile, type Surroundings } from './config-file.ts';
import { mistakeText } from './mistake.ts';

const names = ['dir', 'httpPort', 'debug', 'logLevel'];
let root = '';

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'maesh-config-'));
});

after(() => rm(root, { recursive: true }));

async function put(path: string, content = ''): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, content);
  return full;
}

/** What a file of this content says, or what is wrong with it. */
async function read(name: string, content: string): Promise<Record<string, readonly string[]> | string[]> {
  const path = await put(name, content);
  const file = await readConfigFile(path, names, root);
  if ('texts' in file) return Object.fromEntries(file.texts);
  return file.mistakes.map((mistake) => mistakeText(mistake).replaceAll(path, name));
}

describe('findConfigFile', () => {
  it('looks in the machine, the user and the working directory, for maesh before traefik-mesh, for TOML before YAML', async () => {
    const surroundings: Surroundings = {
      env: { HOME: join(root, 'find/home'), XDG_CONFIG_HOME: join(root, 'find/xdg') },
      cwd: join(root, 'find/cwd'),
      etc: join(root, 'find/etc'),
      hostname: 'here',
    };
    const fromLastToFirst = [
      'cwd/traefik-mesh.yml',
      'cwd/traefik-mesh.toml',
      'home/.config/traefik-mesh.yaml',
      'xdg/traefik-mesh.toml',
      'etc/traefik-mesh/traefik-mesh.toml',
      'cwd/maesh.yml',
      'cwd/maesh.yaml',
      'cwd/maesh.toml',
      'home/.config/maesh.toml',
      'xdg/maesh.yml',
      'etc/maesh/maesh.yaml',
    ];
    assert.equal(await findConfigFile(surroundings), undefined);
    for (const path of fromLastToFirst) {
      const file = await put(join('find', path));
      assert.equal(await findConfigFile(surroundings), file);
    }
  });

  it('passes over a folder of that name, and over homes that are not set', async () => {
    await mkdir(join(root, 'folder/maesh.toml'), { recursive: true });
    const cwd = join(root, 'folder');
    const found = await findConfigFile({ env: { HOME: '' }, cwd, etc: join(root, 'none'), hostname: 'here' });
    assert.equal(found, undefined);
  });
});

describe('readConfigFile', () => {
  const expected = { dir: ['a', 'b'], httpPort: ['80'], debug: ['true'] };

  it('reads TOML, keys in any case', async () => {
    assert.deepEqual(await read('a.toml', 'dir = ["a", "b"]\nHTTPPORT = 80\ndebug = true\n'), expected);
  });

  it('reads YAML, and a list that is a text', async () => {
    assert.deepEqual(await read('a.yaml', 'dir: [a, b]\nhttpport: 80\ndebug: true\n'), expected);
    assert.deepEqual(await read('a.yml', 'dir: a,b\nlogLevel:\n'), { dir: ['a,b'] });
  });

  it('reads a file that says nothing', async () => {
    assert.deepEqual(await read('none.yaml', '# dir: a\n'), {});
    assert.deepEqual(await read('none.toml', ''), {});
  });

  it('suggests the key that was mistyped, and tells of every one', async () => {
    assert.deepEqual(await read('typo.toml', 'htpPort = 80\nacl = true\n'), [
      'htpPort in typo.toml; no setting has this name; did you mean httpPort (as --httpPort)?',
      'acl in typo.toml; no setting has this name; keys are named as the flags that --help lists',
    ]);
  });

  it('tells a manifest from a configuration file', async () => {
    const said = JSON.stringify(await read('maesh.yaml', 'apiVersion: v1\nkind: Service\n'));
    assert.match(said, /^\["apiVersion in maesh.yaml; .*looks like a Kubernetes manifest: rename it/);
  });

  it('refuses a key that stands twice, and a value that no setting can have', async () => {
    assert.deepEqual(await read('twice.yaml', 'dir: a\nDIR: b\n'), [
      'DIR in twice.yaml; it says dir once more; say it once; upper and lower case do not count',
    ]);
    assert.deepEqual(await read('value.yaml', 'dir: {a: b}\n'), [
      'dir in value.yaml; its value is not one that a setting can have; give a text, a number, true or false, or a list of these',
    ]);
  });

  it('says where a file cannot be understood', async () => {
    const advice = 'correct it, or name another file with --configFile';
    const said = async (name: string, content: string): Promise<string> =>
      JSON.stringify(await read(name, content));
    assert.match(
      await said('bad.yaml', 'a: [1\nb: 2'),
      /^\["configuration file bad.yaml; it can't be read: .*\(2:1\); correct/,
    );
    assert.match(
      await said('bad.toml', 'a = '),
      /^\["configuration file bad.toml; it can't be read: .*\(1:\d\); correct/,
    );
    assert.match(await said('two.yaml', 'dir: a\n---\ndir: b'), /it holds several documents/);
    assert.match(await said('list.yaml', '- a'), /it holds no keys with values/);
    assert.match(await said('a.json', '{}'), new RegExp(`ends in none of .toml, .yaml, .yml; ${advice}`));
  });

  it('says where there is no such file', async () => {
    const file = await readConfigFile('nowhere.toml', names, root);
    assert.ok('mistakes' in file);
    assert.match(String(file.mistakes[0]?.why), /^it can't be read: ENOENT/);
  });
});
