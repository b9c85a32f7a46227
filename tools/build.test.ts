import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { bundle, commandLine } from './build.ts';

const folder = await mkdtemp(join(tmpdir(), 'maesh-build-'));
after(() => rm(folder, { recursive: true }));

const run = promisify(execFile);

test('the bundle runs from any folder, without node_modules or source', async () => {
  await bundle(folder, commandLine);
  const maesh = join(folder, 'maesh.mjs');
  const version = await run(process.execPath, [maesh, 'version'], { cwd: '/' });
  assert.match(version.stdout, /^version +\d+\.\d+\.\d+/);
  assert.equal(version.stderr, '');
  const manifests = join(import.meta.dirname, '..', 'demo', 'manifests');
  const translated = await run(process.execPath, [maesh, 'translate', '-f', manifests, '-o', 'json'], {
    cwd: '/',
  });
  assert.doesNotThrow(() => JSON.parse(translated.stdout));
});
