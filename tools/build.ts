// Bundles the command line into a folder that runs by itself on Node 24, without node_modules: `npm run build` makes
// dist/maesh.mjs, with the program of its worker thread beside it.

import { join } from 'node:path';

import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** The programs that a bundle is made of, by name: where each begins, as seen from the root of the checkout. */
export type Programs = Readonly<Record<string, string>>;

/** The command line, with the program of its worker thread. */
export const commandLine: Programs = {
  maesh: 'src/cli/main.ts',
  'manifest-worker': 'src/source/file/manifest-worker.ts',
};

/** Writes the bundle, `NAME.mjs` of each program with its source map, into a folder. */
export async function bundle(folder: string, programs: Programs): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: programs,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: true,
    banner: { js: banner },
  });
}

// CommonJS packages (gRPC's among them) call require, which an ES module doesn't have.
const banner = [
  '#!/usr/bin/env node',
  "import { createRequire as createRequireOfBundle } from 'node:module';",
  'const require = createRequireOfBundle(import.meta.url);',
].join('\n');

if (import.meta.main) await bundle(join(root, 'dist'), commandLine);
