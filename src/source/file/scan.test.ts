import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { codeOf, failureOf, reasonOf } from './file-error.ts';
import { identifyFolder, isManifestName, scan } from './scan.ts';

let root = '';
let count = 0;

before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'maesh-test-')));
});

after(async () => {
  await rm(root, { recursive: true });
});

/** Makes a folder with these entries: a text is a file, `→ target` a symbolic link, undefined a folder. */
async function folderOf(entries: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folder = join(root, String(++count));
  await mkdir(folder);
  for (const [name, text] of Object.entries(entries)) {
    const path = join(folder, name);
    await mkdir(join(path, '..'), { recursive: true });
    if (text === undefined) await mkdir(path, { recursive: true });
    else if (text.startsWith('→ ')) await symlink(text.slice(2), path);
    else await writeFile(path, text);
  }
  return folder;
}

async function namesIn(folder: string, ...more: string[]): Promise<string[]> {
  const found = await scan([folder, ...more]);
  return [...found.files.keys()].map((path) => path.replace(`${folder}/`, '')).toSorted();
}

describe('scan()', () => {
  it('finds manifests in folders of any depth, and leaves hidden names and other files out', async () => {
    const folder = await folderOf({
      'a.yaml': '',
      'b.yml': '',
      'c.json': '',
      'D.YAML': '',
      'sub/deep/e.yaml': '',
      '.hidden.yaml': '',
      '.git/f.yaml': '',
      'README.md': '',
      'g.yaml.bak': '',
    });
    assert.deepEqual(await namesIn(folder), ['D.YAML', 'a.yaml', 'b.yml', 'c.json', 'sub/deep/e.yaml']);
    const found = await scan([folder]);
    assert.deepEqual([...found.folders.keys()].toSorted(), [
      folder,
      join(folder, 'sub'),
      join(folder, 'sub/deep'),
    ]);
  });

  it('takes a file that is named whatever its name is', async () => {
    const folder = await folderOf({ 'manifest.txt': 'x' });
    const found = await scan([join(folder, 'manifest.txt')]);
    assert.deepEqual(
      [...found.files.values()].map(({ size, place }) => [size, place.root]),
      [[1, 0]],
    );
  });

  it('reads a mounted ConfigMap once, by the links to its files', async () => {
    const folder = await folderOf({
      '..2026_11_02/shop.yaml': '',
      '..data': '→ ..2026_11_02',
      'shop.yaml': '→ ..data/shop.yaml',
    });
    assert.deepEqual(await namesIn(folder), ['shop.yaml']);
    const found = await scan([folder]);
    assert.equal(found.files.get(join(folder, 'shop.yaml'))?.isLink, true);
    assert.deepEqual([...found.linkFolders.keys()], [join(folder, '..2026_11_02')]);
  });

  it('follows links to files and folders, and reads each file once, by its own path where it has one', async () => {
    const folder = await folderOf({
      'a.yaml': '→ z.yaml',
      'z.yaml': '',
      'b.yaml': '→ ../outside/b.yaml',
      c: '→ sub',
      'sub/d.yaml': '',
      e: '→ ../outside',
    });
    await rm(join(root, 'outside'), { recursive: true, force: true });
    await mkdir(join(root, 'outside'));
    await writeFile(join(root, 'outside', 'b.yaml'), '');
    await writeFile(join(root, 'outside', 'f.yaml'), '');
    assert.deepEqual(await namesIn(folder), ['b.yaml', 'e/f.yaml', 'sub/d.yaml', 'z.yaml']);
  });

  it('is not led around in circles', async () => {
    const folder = await folderOf({
      'sub/up': '→ ..',
      'sub/a.yaml': '',
      here: '→ .',
      'self.yaml': '→ self.yaml',
    });
    const found = await scan([folder]);
    assert.deepEqual([...found.files.keys()], [join(folder, 'sub/a.yaml')]);
    assert.deepEqual(
      [...found.unreadable],
      [[join(folder, 'self.yaml'), 'cannot be read: its symbolic link leads back to itself']],
    );
  });

  it('tells links that lead nowhere, where they are manifests by name', async () => {
    const folder = await folderOf({ 'a.yaml': '→ nowhere.yaml', b: '→ nowhere' });
    const found = await scan([folder]);
    assert.deepEqual(
      [...found.unreadable],
      [[join(folder, 'a.yaml'), 'is a symbolic link that leads nowhere']],
    );
  });

  it('reads a file once that two named paths lead to, under the first', async () => {
    const folder = await folderOf({ 'sub/a.yaml': '', 'b.yaml': '' });
    const found = await scan([join(folder, 'sub'), folder, join(folder, 'b.yaml')]);
    assert.deepEqual(
      [...found.files.values()].map(({ place }) => [place.root, place.path]),
      [
        [0, join(folder, 'sub/a.yaml')],
        [1, join(folder, 'b.yaml')],
      ],
    );
  });

  it('follows a named path that is a link', async () => {
    const folder = await folderOf({ 'v1/a.yaml': '', current: '→ v1' });
    const found = await scan([join(folder, 'current')]);
    assert.deepEqual([...found.files.keys()], [join(folder, 'current/a.yaml')]);
    assert.deepEqual([...found.linkFolders.keys()], [folder]);
  });

  it('tells named paths that are not there', async () => {
    const folder = await folderOf({ 'a.yaml': '' });
    const found = await scan([join(folder, 'nowhere'), folder, join(folder, 'a.yaml/b')]);
    assert.deepEqual([...found.missingRoots], [0, 2]);
    assert.equal(found.files.size, 1);
  });

  it('does not take a socket or the like for a file', async () => {
    const folder = await folderOf({});
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(join(folder, 'a.yaml'), resolve);
    });
    const found = await scan([folder]);
    assert.deepEqual([...found.unreadable], [[join(folder, 'a.yaml'), 'is neither a file nor a folder']]);
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  it('gives a file another stamp when it is written or replaced', async () => {
    const folder = await folderOf({ 'a.yaml': 'x' });
    const stamp = async () => (await scan([folder])).files.get(join(folder, 'a.yaml'))?.stamp;
    const first = await stamp();
    assert.equal(await stamp(), first);
    await writeFile(join(folder, 'b'), 'x');
    await rename(join(folder, 'b'), join(folder, 'a.yaml'));
    assert.notEqual(await stamp(), first);
  });
});

describe('identifyFolder()', () => {
  it('tells a folder from the one that took its place, and knows none where there is none', async () => {
    const folder = await folderOf({});
    const first = await identifyFolder(folder);
    await rm(folder, { recursive: true });
    assert.equal(await identifyFolder(folder), undefined);
    await mkdir(folder);
    assert.notEqual(await identifyFolder(folder), first);
  });
});

describe('isManifestName()', () => {
  it('knows manifests by the endings of their names', () => {
    assert.deepEqual(['a.yaml', 'a.YML', 'a.json', '.a.yaml', 'yaml', 'a.yaml~'].map(isManifestName), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('the reason why a file cannot be read', () => {
  const errorOf = (code: string) => Object.assign(new Error(`${code}: failed, read`), { code });

  it('is said in words where it is a usual one', () => {
    assert.equal(reasonOf(errorOf('EACCES')), 'cannot be read: its permissions forbid it');
    assert.equal(reasonOf(errorOf('EIO')), 'cannot be read: EIO: failed, read');
    assert.equal(reasonOf('broken'), 'cannot be read: broken');
  });

  it('is not one where there is no file', () => {
    for (const code of ['ENOENT', 'ENOTDIR']) assert.deepEqual(failureOf(errorOf(code)), { status: 'gone' });
    assert.deepEqual(failureOf(errorOf('EISDIR')), {
      status: 'failed',
      code: 'MAESH_FILE_UNREADABLE',
      reason: 'is a folder',
    });
    assert.equal(codeOf(Object.assign(new Error('x'), { code: 1 })), undefined);
  });
});
