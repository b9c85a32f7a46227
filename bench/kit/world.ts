// A folder of manifests with a number of services, of which some are probed: their endpoints answer.

import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { backendAddresses } from './addresses.ts';
import { now } from './now.ts';
import { manifestText, nthService, type ServiceManifest } from './manifests.ts';

/** How services are laid out: a file for each in a folder for each namespace, or all in one file. */
export type Layout = 'file-each' | 'one-file';

/** How many services are probed, but at most half of all. */
const mostProbed = 10;

/** A folder of manifests; removed when disposed of. */
export class World implements AsyncDisposable {
  /** What `--dir` is to be. */
  readonly dir: string;
  /** A folder beside it for other files of the same run. */
  readonly scratch: string;
  /** Services whose endpoints answer, spread evenly over all; they begin with backends of set 0. */
  readonly probed: readonly ServiceManifest[];
  readonly #layout: Layout;
  /** Text of each service, by its path below the folder. */
  readonly #texts = new Map<string, string>();

  readonly #remove: () => void;

  private constructor(root: string, size: number, layout: Layout) {
    this.dir = join(root, 'manifests');
    this.scratch = root;
    this.#remove = () => rmSync(root, { recursive: true, force: true });
    process.once('exit', this.#remove);
    this.#layout = layout;
    const probedCount = Math.min(mostProbed, Math.ceil(size / 2));
    const step = Math.floor(size / probedCount);
    const probed: ServiceManifest[] = [];
    for (let n = 0; n < size; n++) {
      const isProbed = n % step === 0 && probed.length < probedCount;
      const service = isProbed ? { ...nthService(n), addresses: backendAddresses(0) } : nthService(n);
      if (isProbed) probed.push(service);
      this.#texts.set(pathOf(service), manifestText(service));
    }
    this.probed = probed;
  }

  /** Writes a folder with this many services. */
  static async create(size: number, layout: Layout = 'file-each'): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'maesh-bench-')), size, layout);
    await mkdir(world.dir);
    if (layout === 'one-file') await world.#writeAll();
    else for (const path of world.#texts.keys()) await world.#writeOne(path);
    return world;
  }

  /**
   * Writes a service, new or changed, the way that most programs do: a file beside it, moved into its place.
   *
   * @returns when it was moved, on {@link now}'s clock.
   */
  async put(service: ServiceManifest): Promise<number> {
    const path = pathOf(service);
    this.#texts.set(path, manifestText(service));
    return this.#layout === 'one-file' ? this.#writeAll() : this.#writeOne(path);
  }

  /**
   * Deletes a service's file, or its part of the one file.
   *
   * @returns when it was deleted.
   */
  async delete(service: ServiceManifest): Promise<number> {
    const path = pathOf(service);
    this.#texts.delete(path);
    if (this.#layout === 'one-file') return this.#writeAll();
    const at = now();
    await rm(join(this.dir, path));
    return at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#remove);
    await rm(this.scratch, { recursive: true, force: true });
  }

  async #writeOne(path: string): Promise<number> {
    const file = join(this.dir, path);
    await mkdir(join(file, '..'), { recursive: true });
    return replace(file, this.#texts.get(path) ?? '');
  }

  #writeAll(): Promise<number> {
    return replace(join(this.dir, 'all.yaml'), [...this.#texts.values()].join('---\n'));
  }
}

function pathOf({ namespace, name }: ServiceManifest): string {
  return join(namespace, `${name}.yaml`);
}

async function replace(file: string, text: string): Promise<number> {
  const beside = join(file, '..', '.next');
  await writeFile(beside, text);
  const at = now();
  await rename(beside, file);
  return at;
}
