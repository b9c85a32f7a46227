// The file source on real files, with the system's own watches.

import assert from 'node:assert/strict';
import {
  appendFile,
  mkdir,
  mkdtemp,
  realpath,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dump } from 'js-yaml';
import { OfferRecorder } from '../../../test/kit/offer-recorder.ts';
import { RecordLog } from '../../../test/kit/record-log.ts';
import { until } from '../../../test/kit/until.ts';
import { silentLog } from '../../runtime/log.ts';
import { createFileSource, type FileSourceOptions } from './file-source.ts';
import { MissingPathError } from './missing-path-error.ts';

function account(name: string, labels: Record<string, string> = {}): string {
  return dump({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, labels } });
}

/** A folder in which a test writes, and a source that reads it (or a path below it). */
class Setting implements AsyncDisposable {
  readonly root: string;
  readonly #recorders: OfferRecorder[] = [];

  private constructor(root: string) {
    this.root = root;
  }

  static async create(files: Readonly<Record<string, string>> = {}): Promise<Setting> {
    const setting = new Setting(await realpath(await mkdtemp(join(tmpdir(), 'maesh-test-'))));
    for (const [name, text] of Object.entries(files)) await setting.write(name, text);
    return setting;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** Writes a file in place, as a program that knows no better does. */
  async write(name: string, text: string): Promise<void> {
    await mkdir(join(this.path(name), '..'), { recursive: true });
    await writeFile(this.path(name), text);
  }

  async start(options: Partial<FileSourceOptions> = {}): Promise<OfferRecorder> {
    const recorder = await OfferRecorder.start(
      createFileSource({ paths: [this.root], log: silentLog, ...options }),
    );
    this.#recorders.push(recorder);
    return recorder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const recorder of this.#recorders) await recorder.stop();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Names of the accounts that are there, with their labels. */
function accounts(recorder: OfferRecorder): string {
  return [...recorder.objects.values()]
    .map(({ name, labels }) => [name, ...Object.keys(labels)].join(' '))
    .toSorted()
    .join(', ');
}

async function see(recorder: OfferRecorder, expected: string): Promise<void> {
  await recorder.when(JSON.stringify(expected), () => accounts(recorder) === expected);
}

/** Whether any offer took an object of this name away. */
function wasTaken(recorder: OfferRecorder, name: string): boolean {
  return recorder.offers.some(({ changes }) =>
    changes.some(({ key, object }) => key === `default/${name}` && object === undefined),
  );
}

describe('the file source', () => {
  it('follows files that come, change, are renamed and go, in folders that come and go', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a') });
    const recorder = await setting.start();
    assert.equal(accounts(recorder), 'a');
    await setting.write('b.yaml', account('b'));
    await see(recorder, 'a, b');
    await setting.write('a.yaml', account('a', { x: '' }));
    await see(recorder, 'a x, b');
    await setting.write('sub/deep/c.yaml', account('c'));
    await see(recorder, 'a x, b, c');
    await setting.write('sub/deep/d.json', JSON.stringify({ kind: 'List', items: [] }));
    await setting.write('sub/deep/c.yaml', account('c', { x: '' }));
    await see(recorder, 'a x, b, c x');
    await rename(setting.path('sub'), setting.path('other'));
    await setting.write('other/deep/c.yaml', account('c', { y: '' }));
    await see(recorder, 'a x, b, c y');
    await rm(setting.path('other'), { recursive: true });
    await see(recorder, 'a x, b');
    await unlink(setting.path('b.yaml'));
    await see(recorder, 'a x');
    assert.equal(wasTaken(recorder, 'a'), false);
  });

  it('lets nobody see that a file was renamed, or an object moved', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a'), 'z.yaml': account('z') });
    const recorder = await setting.start();
    await rename(setting.path('z.yaml'), setting.path('b.yaml'));
    await setting.write('b.yaml', `${account('z')}---\n${account('moved')}`);
    await see(recorder, 'a, moved, z');
    await setting.write('b.yaml', account('z'));
    await appendFile(setting.path('a.yaml'), `---\n${account('moved')}`);
    await unlink(setting.path('b.yaml'));
    await see(recorder, 'a, moved');
    assert.equal(wasTaken(recorder, 'moved'), false);
    assert.equal(recorder.object('ServiceAccount', 'default/moved')?.origin?.file, setting.path('a.yaml'));
    assert.deepEqual(recorder.problems, []);
  });

  it('does not see the gap in which an editor replaces a file', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a') });
    const recorder = await setting.start();
    for (const version of ['1', '2', '3']) {
      await setting.write('.a.yaml.swp', account('a', { [version]: '' }));
      await rename(setting.path('a.yaml'), setting.path('a.yaml~'));
      await rename(setting.path('.a.yaml.swp'), setting.path('a.yaml'));
      await see(recorder, `a ${version}`);
      await unlink(setting.path('a.yaml'));
      await setting.write('a.yaml', account('a', { [version]: '', again: '' }));
      await recorder.when('the version written anew', () => accounts(recorder).includes('again'));
    }
    assert.equal(wasTaken(recorder, 'a'), false);
  });

  it('keeps what a file said while it is half-written, and says so', async () => {
    await using setting = await Setting.create({ 'a.yaml': `${account('a')}---\n${account('b')}` });
    const recorder = await setting.start();
    await setting.write('a.yaml', `${account('a', { x: '' })}---\nkind: Service\nspec: [\n`);
    await recorder.when('the problem', () => recorder.codes.includes('MAESH_DOCUMENT_BROKEN'));
    assert.equal(accounts(recorder), 'a x, b');
    const [problem] = recorder.problems;
    assert.equal(problem?.subject.name, setting.path('a.yaml'));
    assert.deepEqual(problem.subject.origin, { file: setting.path('a.yaml'), line: 9 });
    await setting.write('a.yaml', `${account('a', { x: '' })}---\n${account('b', { y: '' })}`);
    await see(recorder, 'a x, b y');
    assert.deepEqual(recorder.problems, []);
  });

  it('keeps what a file said while it is empty for a moment, and believes it when it stays so', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a'), 'b.yaml': account('b') });
    const recorder = await setting.start({ timing: { emptyMs: 300 } });
    await setting.write('a.yaml', '');
    await setting.write('b.yaml', account('b', { x: '' }));
    await see(recorder, 'a, b x');
    await setting.write('a.yaml', account('a', { x: '' }));
    await see(recorder, 'a x, b x');
    await setting.write('a.yaml', '');
    await see(recorder, 'b x');
  });

  it('keeps what a file said while it is no text', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a') });
    const recorder = await setting.start();
    await writeFile(setting.path('a.yaml'), Buffer.from([0x61, 0xff, 0x0a]));
    await recorder.when('the problem', () => recorder.codes.includes('MAESH_FILE_ENCODING'));
    assert.equal(recorder.problems[0]?.message, `${setting.path('a.yaml')} is not text in UTF-8`);
    assert.equal(accounts(recorder), 'a');
    await setting.write('a.yaml', account('a', { x: '' }));
    await see(recorder, 'a x');
    assert.deepEqual(recorder.problems, []);
  });

  it('leaves the mesh as it is while the named folder is gone, and follows it when it is back', async () => {
    await using setting = await Setting.create({ 'mesh/a.yaml': account('a'), 'mesh/b.yaml': account('b') });
    const recorder = await setting.start({ paths: [setting.path('mesh')], timing: { pollMs: 20 } });
    await rename(setting.path('mesh'), setting.path('away'));
    await recorder.when('the problem', () => recorder.codes.includes('MAESH_PATH_MISSING'));
    assert.equal(accounts(recorder), 'a, b');
    await setting.write('away/c.yaml', account('c'));
    await rm(setting.path('away/b.yaml'));
    await rename(setting.path('away'), setting.path('mesh'));
    await see(recorder, 'a, c');
    assert.deepEqual(recorder.problems, []);
    await rm(setting.path('mesh'), { recursive: true });
    await recorder.when('the problem', () => recorder.codes.includes('MAESH_PATH_MISSING'));
    await setting.write('mesh/d.yaml', account('d'));
    await see(recorder, 'd');
    assert.deepEqual(recorder.problems, []);
  });

  it('follows a file that is named itself, and leaves the mesh as it is while that is gone', async () => {
    await using setting = await Setting.create({ 'mesh.txt': account('a'), 'b.yaml': account('b') });
    const recorder = await setting.start({ paths: [setting.path('mesh.txt')] });
    assert.equal(accounts(recorder), 'a');
    await setting.write('mesh.txt', account('a', { x: '' }));
    await see(recorder, 'a x');
    await unlink(setting.path('mesh.txt'));
    await recorder.when('the problem', () => recorder.codes.includes('MAESH_PATH_MISSING'));
    assert.equal(accounts(recorder), 'a x');
    await setting.write('mesh.txt', account('c'));
    await see(recorder, 'c');
    assert.deepEqual(recorder.problems, []);
  });

  it('follows the swaps of a mounted ConfigMap', async () => {
    await using setting = await Setting.create({ '..v1/a.yaml': account('a'), '..v1/b.yaml': account('b') });
    await symlink('..v1', setting.path('..data'));
    for (const name of ['a.yaml', 'b.yaml']) await symlink(`..data/${name}`, setting.path(name));
    const recorder = await setting.start();
    assert.equal(accounts(recorder), 'a, b');
    for (const version of ['2', '3', '4']) {
      await setting.write(`..v${version}/a.yaml`, account('a', { [version]: '' }));
      await setting.write(`..v${version}/b.yaml`, account('b', { [version]: '' }));
      await symlink(`..v${version}`, setting.path('..data_tmp'));
      await rename(setting.path('..data_tmp'), setting.path('..data'));
      await rm(setting.path(`..v${Number(version) - 1}`), { recursive: true });
      await see(recorder, `a ${version}, b ${version}`);
    }
    assert.equal(wasTaken(recorder, 'a'), false);
    assert.deepEqual(recorder.problems, []);
  });

  it('follows links to other places, their targets and their swaps', async () => {
    await using setting = await Setting.create({
      'mesh/own.yaml': account('own'),
      'out/v1.yaml': account('v1'),
      'out/v2.yaml': account('v2'),
      'dirs/one/x.yaml': account('x'),
      'dirs/two/y.yaml': account('y'),
    });
    await symlink('../out/v1.yaml', setting.path('mesh/link.yaml'));
    await symlink('../dirs/one', setting.path('mesh/dir'));
    const recorder = await setting.start({ paths: [setting.path('mesh')] });
    assert.equal(accounts(recorder), 'own, v1, x');
    await setting.write('out/v1.yaml', account('v1', { changed: '' }));
    await see(recorder, 'own, v1 changed, x');
    await setting.write('dirs/one/x.yaml', account('x', { changed: '' }));
    await see(recorder, 'own, v1 changed, x changed');
    await symlink('../out/v2.yaml', setting.path('mesh/.link'));
    await rename(setting.path('mesh/.link'), setting.path('mesh/link.yaml'));
    await see(recorder, 'own, v2, x changed');
    await unlink(setting.path('mesh/dir'));
    await symlink('../dirs/two', setting.path('mesh/dir'));
    await see(recorder, 'own, v2, y');
    await unlink(setting.path('out/v2.yaml'));
    await recorder.when('the problem', () => recorder.codes.includes('MAESH_FILE_UNREADABLE'));
    assert.equal(accounts(recorder), 'own, v2, y');
    await setting.write('mesh/new.yaml', account('new'));
    await see(recorder, 'new, own, v2, y');
    await unlink(setting.path('mesh/link.yaml'));
    await see(recorder, 'new, own, y');
    assert.deepEqual(recorder.problems, []);
  });

  it('takes a file that was replaced by a folder for gone, and the other way round', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a') });
    const recorder = await setting.start();
    await unlink(setting.path('a.yaml'));
    await setting.write('a.yaml/b.yaml', account('b'));
    await see(recorder, 'b');
    await rm(setting.path('a.yaml'), { recursive: true });
    await setting.write('a.yaml', account('a'));
    await see(recorder, 'a');
  });

  it('tells of objects that stand twice, and lets the path named first count', async () => {
    await using setting = await Setting.create({
      'one/z.yaml': account('x', { one: '' }),
      'two/a.yaml': account('x', { two: '' }),
    });
    const recorder = await setting.start({ paths: [setting.path('one'), setting.path('two')] });
    assert.equal(accounts(recorder), 'x one');
    assert.deepEqual(
      recorder.problems.map(({ code, subject }) => [code, subject.origin?.file]),
      [['MAESH_OBJECT_DUPLICATE', setting.path('two/a.yaml')]],
    );
    await unlink(setting.path('one/z.yaml'));
    await see(recorder, 'x two');
    assert.deepEqual(recorder.problems, []);
    assert.equal(wasTaken(recorder, 'x'), false);
  });

  it('reads what changed all the same where folders cannot be watched', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a') });
    const log = new RecordLog();
    const watchFolder = (): never => {
      throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
        code: 'ENOSPC',
      });
    };
    const recorder = await setting.start({ log, watchFolder, timing: { pollMs: 20 } });
    await setting.write('sub/b.yaml', account('b'));
    await see(recorder, 'a, b');
    await setting.write('a.yaml', account('a', { x: '' }));
    await see(recorder, 'a x, b');
    await unlink(setting.path('a.yaml'));
    await see(recorder, 'b');
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 1);
  });

  it('finds by itself what no watch has told', async () => {
    await using setting = await Setting.create({ 'a.yaml': account('a') });
    const watchFolder = () => ({ on: () => {}, close: () => {} }) as never;
    const recorder = await setting.start({ watchFolder, timing: { rescanMs: 20 } });
    await setting.write('a.yaml', account('a', { x: '' }));
    await see(recorder, 'a x');
  });

  it('reads large files, and follows what changes in them', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => account(`a-${i}`, { team: 'x'.repeat(30) }));
    await using setting = await Setting.create({ 'all.yaml': many.join('---\n') });
    const recorder = await setting.start();
    assert.equal(recorder.objects.size, 3_000);
    many[1_500] = account('a-1500', { team: 'y' });
    await setting.write('all.yaml', many.join('---\n'));
    await recorder.when('the change', () => recorder.offers.length === 2);
    assert.deepEqual(
      recorder.offers[1]?.changes.map(({ key }) => key),
      ['default/a-1500'],
    );
    await rename(setting.path('all.yaml'), setting.path('renamed.yaml'));
    await setting.write('last.yaml', account('last'));
    await recorder.when('the last', () => recorder.names.includes('ServiceAccount default/last'));
    assert.equal(recorder.objects.size, 3_001);
  });

  it('rejects where a path is named that is not there', async () => {
    await using setting = await Setting.create();
    const paths = [setting.path('nowhere.yaml'), setting.root, setting.path('neither')];
    const running = createFileSource({ paths, log: silentLog }).run(
      () => assert.fail('There is nothing to offer'),
      new AbortController().signal,
    );
    await assert.rejects(running, (error) => {
      assert.ok(error instanceof MissingPathError);
      assert.deepEqual(error.paths, [paths[0], paths[2]]);
      assert.equal(error.message, `No such file or folder: ${paths[0]}, ${paths[2]}`);
      return true;
    });
  });

  it('leaves nothing open when it ends', async () => {
    const text = Array.from({ length: 2_000 }, (_, i) => account(`a-${i}`, { team: 'x'.repeat(120) })).join(
      '---\n',
    );
    await using setting = await Setting.create({ 'sub/large.yaml': text });
    const open = () => process.getActiveResourcesInfo().filter((name) => /FSEvent|Message|Worker/.test(name));
    assert.deepEqual(open(), []);
    const recorder = await setting.start();
    assert.ok(open().includes('FSEventWrap'));
    await recorder.stop();
    // A handle that was closed is gone within the next rounds of the event loop.
    await until('every handle to be closed', () => open().length === 0 || undefined);
  });
});
