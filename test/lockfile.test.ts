// package-lock.json must be one that `npm ci` accepts on any machine, and that names no host.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkout } from './kit/source-tree.ts';

interface LockedPackage {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const packages = Object.entries(lock.packages);

test('packages are named by version and hash, not by the host that they came from', () => {
  const hosts = packages.filter(([, { resolved }]) => resolved !== undefined);
  assert.deepEqual(hosts, [], 'keep omit-lockfile-registry-resolved in .npmrc');
  const unhashed = packages.filter(([path, { integrity }]) => path !== '' && integrity === undefined);
  assert.deepEqual(unhashed, []);
});

test('the packages for every platform are locked, also those that the registry had not yet for the newest release', () => {
  const missing = packages.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)),
  );
  assert.deepEqual(missing, [], 'npm ci would refuse: take an older version of the package that wants these');
});

/** Whether a package finds another as Node does: in its own node_modules, then in those of the folders above. */
function isLocked(path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder}/node_modules/${name}`.replace(/^\//, '') in lock.packages) return true;
    if (folder === '') return false;
  }
}
