// Changes of a folder as editors, programs and kubelets make them. Deciding what to do is others' matter: an edit holds
// everything, so that carrying it out leaves nothing to chance.

import { appendFile, mkdir, readlink, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * How a file is written.
 * - `replace`: beside it, then renamed over it, so that nobody sees half of it.
 * - `in-place`: emptied, then written.
 * - `pieces`: emptied, then written in two pieces, divided at `cut`.
 */
export type WriteStyle =
  | { readonly how: 'replace' }
  | { readonly how: 'in-place' }
  | { readonly how: 'pieces'; readonly cut: number };

/** One step. Paths are relative to the folder. */
export type Edit =
  | { readonly type: 'write'; readonly file: string; readonly text: string; readonly style: WriteStyle }
  | { readonly type: 'delete'; readonly file: string }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  /** Says that a file was written, which it was not. */
  | { readonly type: 'touch'; readonly file: string }
  /** Replaces all files of a folder at once, as a kubelet does with a mounted ConfigMap. */
  | { readonly type: 'swap'; readonly folder: string; readonly files: ReadonlyMap<string, string> };

/** A folder that edits are carried out in. */
export class EditedFolder {
  readonly #path: string;
  /** For drafts: in the same file system, and not read by the mesh. */
  readonly #drafts: string;
  #count = 0;

  constructor(path: string, drafts: string) {
    this.#path = path;
    this.#drafts = drafts;
  }

  /** Carries out edits, one after the other. `pause` is waited for where a writer is in the middle of a file. */
  async carryOut(edits: readonly Edit[], pause: () => Promise<void>): Promise<void> {
    for (const edit of edits) {
      await this.#carryOut(edit, pause);
    }
  }

  async #carryOut(edit: Edit, pause: () => Promise<void>): Promise<void> {
    switch (edit.type) {
      case 'write':
        return this.#write(edit, pause);
      case 'delete':
        return rm(join(this.#path, edit.file));
      case 'rename':
        await mkdir(dirname(join(this.#path, edit.to)), { recursive: true });
        return rename(join(this.#path, edit.from), join(this.#path, edit.to));
      case 'touch':
        return utimes(join(this.#path, edit.file), new Date(), new Date());
      case 'swap':
        return this.#swap(edit);
    }
  }

  async #write(
    { file, text, style }: Extract<Edit, { type: 'write' }>,
    pause: () => Promise<void>,
  ): Promise<void> {
    const path = join(this.#path, file);
    await mkdir(dirname(path), { recursive: true });
    if (style.how === 'replace') {
      const draft = join(this.#drafts, `draft-${++this.#count}`);
      await writeFile(draft, text);
      await rename(draft, path);
    } else if (style.how === 'in-place') {
      await writeFile(path, text);
    } else {
      await writeFile(path, text.slice(0, style.cut));
      await pause();
      await appendFile(path, text.slice(style.cut));
    }
  }

  /** `file → ..data/file`, `..data → ..version`: the new version is complete before `..data` is turned to it. */
  async #swap({ folder, files }: Extract<Edit, { type: 'swap' }>): Promise<void> {
    const root = join(this.#path, folder);
    const version = `..version-${++this.#count}`;
    await mkdir(join(root, version), { recursive: true });
    for (const [file, text] of files) {
      await writeFile(join(root, version, file), text);
    }
    const link = join(root, '..data');
    const before = await readlink(link).catch(() => undefined);
    await symlink(version, `${link}.new`);
    await rename(`${link}.new`, link);
    for (const file of files.keys()) {
      await symlink(join('..data', file), join(root, file)).catch(ignoreExisting);
    }
    if (before !== undefined) await rm(join(root, before), { recursive: true });
  }
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
