// A folder of manifests that a test changes while a mesh reads it.

import { mkdtemp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names of files and their new texts; null deletes. */
export type FileChanges = Readonly<Record<string, string | null>>;

/** A folder of its own, deleted at the end. */
export class ManifestFolder implements AsyncDisposable {
  readonly #root: string;
  #written = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes a folder with these files. */
  static async create(files: FileChanges = {}): Promise<ManifestFolder> {
    const folder = new ManifestFolder(await mkdtemp(join(tmpdir(), 'maesh-test-')));
    await mkdir(folder.path);
    await folder.write(files);
    return folder;
  }

  /** The folder that a mesh may read. */
  get path(): string {
    return join(this.#root, 'manifests');
  }

  /** A folder beside it, for a mesh's own files. */
  get besides(): string {
    return join(this.#root, 'besides');
  }

  /** Writes files one after the other, each so that nobody ever sees half of it. */
  async write(files: FileChanges): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.path, name);
      // oxlint-disable-next-line no-await-in-loop -- in the order given
      await (text === null ? rm(path) : this.#replace(path, text));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  async #replace(path: string, text: string): Promise<void> {
    const temporary = join(this.#root, `written-${++this.#written}`);
    await writeFile(temporary, text);
    await rename(temporary, path);
  }
}
