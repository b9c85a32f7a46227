// The file source against what every source must do: once with a file for each object, once with all in one file.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { manifestOf } from './kit/manifest-of.ts';
import { describeSource, type SourceWorld } from './kit/source-conformance.ts';
import { kinds, type KubeObject } from '../src/model/objects.ts';
import { silentLog } from '../src/runtime/log.ts';
import type { Source } from '../src/source/source.ts';
import { createFileSource } from '../src/source/file/file-source.ts';

class Folder implements SourceWorld {
  readonly kinds = kinds;
  readonly #path: string;
  /** Manifests by the name of their file, then by object. */
  readonly #files = new Map<string, Map<string, string>>();
  readonly #fileOf: (object: KubeObject) => string;

  constructor(path: string, fileOf: (object: KubeObject) => string) {
    this.#path = path;
    this.#fileOf = fileOf;
  }

  async put(object: KubeObject): Promise<KubeObject> {
    const file = this.#fileOf(object);
    const manifests = this.#files.get(file) ?? new Map<string, string>();
    this.#files.set(file, manifests);
    manifests.set(identity(object), dump(manifestOf(object), { skipInvalid: true }));
    await this.#write(file, manifests);
    return object;
  }

  async remove(object: KubeObject): Promise<void> {
    const file = this.#fileOf(object);
    const manifests = this.#files.get(file) ?? new Map<string, string>();
    manifests.delete(identity(object));
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

function identity({ kind, namespace, name }: KubeObject): string {
  return `${kind}-${namespace}-${name}`;
}

async function makeFolder(fileOf: (object: KubeObject) => string): Promise<Folder> {
  return new Folder(await mkdtemp(join(tmpdir(), 'maesh-test-')), fileOf);
}

describeSource('a folder with a file for each object', () =>
  makeFolder((object) => `${identity(object)}.yaml`),
);
describeSource('a folder with all objects in one file', () => makeFolder(() => 'all.yml'));
