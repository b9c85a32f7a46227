import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeFolder } from './make-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'maesh-folder-'));
after(() => rmSync(folder, { recursive: true }));

describe('makeFolder()', () => {
  it('makes what is not there, with the rights that are wanted, and leaves what is', () => {
    const path = join(folder, 'a', 'b', 'c');
    makeFolder(path, 0o700);
    makeFolder(path, 0o755);
    for (const made of [path, join(folder, 'a')]) assert.equal(statSync(made).mode & 0o777, 0o700);
  });

  it('says what is in the way', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    assert.throws(() => makeFolder(file), { code: 'EEXIST' });
    assert.throws(() => makeFolder(join(file, 'a')), { code: 'ENOTDIR' });
    assert.throws(() => makeFolder(join(file, 'a', 'b')), { code: 'ENOTDIR' });
  });

  it('ends where nothing can be made', () => {
    assert.throws(() => makeFolder('/proc/maesh'), { code: 'ENOENT' });
    assert.throws(() => makeFolder('/proc/maesh/a/b'), { code: 'ENOENT' });
  });
});
