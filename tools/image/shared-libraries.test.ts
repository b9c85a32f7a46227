import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { findExecutable } from '../cluster/binaries.ts';
import { executableAt } from './shared-libraries.ts';

test('an executable comes with the libraries that it loads and the loader, at their own paths', async () => {
  const [first, ...libraries] = await executableAt('/bin/node', process.execPath);
  assert.deepEqual(first, ['/bin/node', { kind: 'file', mode: 0o755, source: process.execPath }]);
  const paths = libraries.map(([path]) => path);
  for (const library of [/\/libc\.so\.6$/, /\/libstdc\+\+\.so\.6$/, /\/ld-linux-[^/]+$/])
    assert.equal(paths.filter((path) => library.test(path)).length, 1, `${library} in ${paths.join(' ')}`);
  for (const [path, entry] of libraries) assert.ok(entry.kind === 'file' && existsSync(entry.source), path);
});

test('an executable that is linked statically comes alone', async () => {
  const etcd = findExecutable('etcd');
  assert.deepEqual(await executableAt('/etcd', etcd), [
    ['/etcd', { kind: 'file', mode: 0o755, source: etcd }],
  ]);
});

test('a library that this machine lacks is named', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'maesh-libraries-'));
  const lacking = join(folder.path, 'bash');
  const bash = await readFile('/bin/bash', 'latin1');
  await writeFile(lacking, bash.replaceAll('libtinfo.so.', 'libmaesh.so.'), {
    encoding: 'latin1',
    mode: 0o755,
  });
  await assert.rejects(executableAt('/bin/bash', lacking), /needs libmaesh\.so\.6, which this machine lacks/);
});
