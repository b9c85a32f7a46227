// The source code as data: which files there are and what each imports, for tests about the project itself.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** The checkout. */
export const checkout: string = join(import.meta.dirname, '..', '..');

/** A file of src. */
export interface SourceFile {
  /** Path within src, such as `model/ports.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** What a file imports, whether it is used as a value or a type. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** Path within src; undefined for a package or a file outside src. */
  readonly path: string | undefined;
}

/** Every file of src that people write, tests included, sorted. */
export function sourceFiles(): SourceFile[] {
  const paths = readdirSync(join(checkout, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(join(checkout, 'src'), join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('gen/'));
  return paths.toSorted().map((path) => sourceFile(path, readFileSync(join(checkout, 'src', path), 'utf8')));
}

/** Reads the imports of a file with a path within src. */
export function sourceFile(path: string, text: string): SourceFile {
  const imports = [...text.matchAll(importing)].map((match) => {
    const specifier = match[1] ?? match[2] ?? '';
    const target = posix.join(dirname(path), specifier);
    const isInSrc = specifier.startsWith('.') && !target.startsWith('..');
    return { specifier, path: isInSrc ? target : undefined };
  });
  return { path, text, imports };
}

/** `import … from '…'`, `export … from '…'`, `import '…'`, and `import('…')` anywhere. */
const importing =
  /^(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
