// Corefiles with the mesh in them, compared with test/golden-corefiles/CASE/patched: the Corefile, or the folder of files
// that it imports. Where an original Maesh has been there before, `restored` is what is left in the end.
// `UPDATE_GOLDEN=1 node --test test/golden-corefiles.test.ts` writes them anew; read the difference before you commit it.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { check } from '../src/dns/corefile/check.ts';
import { importsServerFiles, type Files } from '../src/dns/corefile/custom-files.ts';
import { corefileCases, filesOf, patchCase, restoreCase, withFiles } from './kit/dns/corefile-cases.ts';

for (const each of corefileCases()) {
  const { name, folder, corefile, custom } = each;
  suite(name, () => {
    test('gets the mesh, and only once', () => {
      assert.deepEqual(check(corefile), []);
      assert.equal(importsServerFiles(corefile), custom !== undefined);
      const patched = patchCase(each);
      assertGolden(join(folder, 'patched'), patched);
      assert.deepEqual(patchCase(withFiles(each, patched)), patched);
    });

    test('is byte for byte what it was when the mesh is gone', () => {
      const restored = restoreCase(withFiles(each, patchCase(each)));
      const before = custom ?? { Corefile: corefile };
      // What there was before the original came.
      if (existsSync(join(folder, 'restored'))) {
        assertGolden(join(folder, 'restored'), restored);
        assert.deepEqual(restoreCase(each), restored);
      } else {
        assert.deepEqual(restored, before);
      }
    });
  });
}

function assertGolden(folder: string, files: Files): void {
  if (process.env['UPDATE_GOLDEN'] !== undefined) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  }
  assert.deepEqual(files, filesOf(folder));
}
