// Generates src/gen from proto/ with buf (`npm run gen`). With --check it changes nothing and fails where src/gen is not
// what buf makes of proto/; what was found right is remembered, since asking buf takes ten seconds.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const remembered = join(root, 'node_modules', '.cache', 'generated-code');

function generate(...args: readonly string[]): void {
  const { status } = spawnSync('buf', ['generate', ...args], { cwd: join(root, 'proto'), stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** Files below a folder with their content, sorted by name. */
function contents(folder: string): Map<string, string> {
  const files = globSync('**/*.{ts,proto,yaml}', { cwd: folder }).toSorted();
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

function check(): void {
  const committed = contents(join(root, 'src', 'gen'));
  const seen = fingerprint([...committed], [...contents(join(root, 'proto'))], versions());
  if (readIfThere(remembered) === seen) return;
  const temporary = mkdtempSync(join(tmpdir(), 'maesh-gen-'));
  try {
    // buf.gen.yaml writes to ../src/gen of the folder that it is told to write in.
    generate('--output', join(temporary, 'proto'));
    const made = contents(join(temporary, 'src', 'gen'));
    const names = [...new Set([...committed.keys(), ...made.keys()])].toSorted();
    const different = names.filter((name) => committed.get(name) !== made.get(name));
    if (different.length > 0) {
      console.error(
        `src/gen is not what proto/ says: run npm run gen. Different:\n  ${different.join('\n  ')}`,
      );
      process.exit(1);
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  mkdirSync(join(remembered, '..'), { recursive: true });
  writeFileSync(remembered, seen);
}

function versions(): readonly string[] {
  return ['@bufbuild/buf', '@bufbuild/protoc-gen-es'].map((name) =>
    readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
  );
}

function fingerprint(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

if (process.argv.includes('--check')) check();
else generate();
