// The file source against what every source must do: once with a file for each object, once with all in one file.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import type { Manifest } from './kit/manifest-of.ts';
import { describeSource, type SourceWorld } from './kit/source-conformance.ts';
import { silentLog } from '../src/runtime/log.ts';
import type { Source } from '../src/source/source.ts';
import { createFileSource } from '../src/source/file/file-source.ts';

class Folder implements SourceWorld {
  readonly #path: string;
  /** Manifests by the name of their file, then by object. */
  readonly #files = new Map<string, Map<string, string>>();
  readonly #fileOf: (manifest: Manifest) => string;

  constructor(path: string, fileOf: (manifest: Manifest) => string) {
    this.#path = path;
    this.#fileOf = fileOf;
  }

  async put(manifest: Manifest): Promise<void> {
    const file = this.#fileOf(manifest);
    const manifests = this.#files.get(file) ?? new Map<string, string>();
    this.#files.set(file, manifests);
    manifests.set(identity(manifest), dump(manifest, { skipInvalid: true }));
    await this.#write(file, manifests);
  }

  async remove(manifest: Manifest): Promise<void> {
    const file = this.#fileOf(manifest);
    const manifests = this.#files.get(file) ?? new Map<string, string>();
    manifests.delete(identity(manifest));
    if (manifests.size > 0) await this.#write(file, manifests);
    else await rm(join(this.#path, file));
  }

  makeSource(): Source {
    return createFileSource({ paths: [this.#path], log: silentLog });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { recursive: true });
  }

  async #write(file: string, manifests: ReadonlyMap<string, string>): Promise<void> {
    const hidden = join(this.#path, '.written');
    await writeFile(hidden, [...manifests.values()].join('---\n'));
    await rename(hidden, join(this.#path, file));
  }
}

function identity({ kind, metadata }: Manifest): string {
  return `${kind}-${metadata.namespace ?? ''}-${metadata.name}`;
}

async function makeFolder(fileOf: (manifest: Manifest) => string): Promise<Folder> {
  return new Folder(await mkdtemp(join(tmpdir(), 'maesh-test-')), fileOf);
}

describeSource('a folder with a file for each object', () =>
  makeFolder((manifest) => `${identity(manifest)}.yaml`),
);
describeSource('a folder with all objects in one file', () => makeFolder(() => 'all.yml'));
