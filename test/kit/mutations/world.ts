// The folder as the mutations want it: which services there are, in which file each of their documents lies, how it is
// written, and which documents are broken just now. In memory only: what has to be done to the real folder for it comes
// out as edits.

import type { Edit, WriteStyle } from './edits.ts';
import {
  brokenText,
  cutsOf,
  manifestText,
  separator,
  textForms,
  type Breakage,
  type TextForm,
} from './manifest-text.ts';
import type { Random } from './random.ts';
import { manifestsOf, type BackendPlaces, type Manifest, type ServiceSpec } from './service-spec.ts';

/** A file: the documents in it, in order, by their ids. */
interface WorldFile {
  readonly documents: string[];
}

interface WorldDocument {
  readonly owner: string;
  manifest: Manifest;
  form: TextForm;
  broken: Breakage | undefined;
}

/** The folder whose files are replaced all at once. Its files are always there. */
const mounted = 'mounted';
const mountedFiles = [`${mounted}/one.yaml`, `${mounted}/two.yaml`];
/** Mutations for which a file counts as new. */
const newFor = 20;
const empty = '# Nothing is left here.\n';

/** Services in files. */
export class World {
  readonly random: Random;
  readonly places: BackendPlaces;
  readonly #specs = new Map<string, ServiceSpec>();
  readonly #documents = new Map<string, WorldDocument>();
  readonly #files = new Map<string, WorldFile>();
  #written = new Map<string, string>();
  #writtenDocuments: ReadonlyMap<string, readonly string[]> = new Map();
  /** When files came under the name that they have, in calls of {@link takeEdits}. */
  readonly #cameAt = new Map<string, number>();
  #turn = 0;
  #fileCount = 0;

  constructor(random: Random, places: BackendPlaces) {
    this.random = random;
    this.places = places;
    for (const file of mountedFiles) this.#files.set(file, { documents: [] });
  }

  /** Services as they should be, by key. */
  get specs(): ReadonlyMap<string, ServiceSpec> {
    return this.#specs;
  }

  /** Files that there are; those of the mounted folder are not among them. */
  get files(): readonly string[] {
    return [...this.#files.keys()].filter((file) => !mountedFiles.includes(file));
  }

  /** Files that have the documents of a service, each with the ids. */
  filesOf(key: string): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    for (const [file, { documents }] of this.#files) {
      const own = documents.filter((id) => this.#documents.get(id)?.owner === key);
      if (own.length > 0) found.set(file, own);
    }
    return found;
  }

  /** Services that have documents in a file. */
  ownersIn(file: string): ReadonlySet<string> {
    const ids = this.#files.get(file)?.documents ?? [];
    return new Set(ids.flatMap((id) => this.#documents.get(id)?.owner ?? []));
  }

  /** Documents that are broken just now. */
  get broken(): readonly string[] {
    return [...this.#documents].filter(([, { broken }]) => broken !== undefined).map(([id]) => id);
  }

  /** Whether what the mesh knows of a service is no longer all in its files. */
  isBroken(key: string): boolean {
    return [...this.#documents.values()].some(({ owner, broken }) => owner === key && broken !== undefined);
  }

  /**
   * Whether something may be taken out of a file, or the file moved. Not while a document in it is broken: the mesh then
   * keeps what the file said before, for as long as the file is there.
   */
  isSound(file: string): boolean {
    const ids = this.#files.get(file)?.documents ?? [];
    return ids.every((id) => this.#documents.get(id)?.broken === undefined);
  }

  /**
   * Makes a service what it should be from now on. New documents go to the service's files or to others, those that it
   * no longer needs are taken out. False, and nothing has changed, where they can't be.
   */
  put(spec: ServiceSpec): boolean {
    const manifests = manifestsOf(spec, this.places);
    const wanted = new Set(manifests.map(({ id }) => id));
    const obsolete = this.#idsOf(spec.key).filter((id) => !wanted.has(id));
    if (!this.#canTake(obsolete)) return false;
    for (const id of obsolete) this.#takeOut(id);
    for (const manifest of manifests) this.#putDocument(spec.key, manifest);
    this.#specs.set(spec.key, spec);
    return true;
  }

  /** Takes a service away. False, and nothing has changed, where it can't be. */
  drop(key: string): boolean {
    const ids = this.#idsOf(key);
    if (!this.#canTake(ids)) return false;
    for (const id of ids) this.#takeOut(id);
    this.#specs.delete(key);
    return true;
  }

  /** Moves a document to another file, which may be a new one. False, and nothing has changed, where it can't be. */
  move(id: string): boolean {
    if (!this.#canTake([id])) return false;
    const from = this.#fileOf(id);
    const others = [...this.#files.keys()].filter((file) => file !== from);
    const to = this.random.chance(0.2) ? this.#newFile() : this.random.pick(others);
    this.#takeFrom(from, id);
    this.#insert(to, id);
    return true;
  }

  /** Writes a document in another form. */
  reform(id: string): void {
    const document = this.#documents.get(id);
    if (document !== undefined) document.form = this.random.pick(textForms);
  }

  /** Breaks a document, or mends it. */
  setBroken(id: string, broken: Breakage | undefined): void {
    const document = this.#documents.get(id);
    if (document !== undefined) document.broken = broken;
  }

  /** Ids of the documents of a service. */
  documentsOf(key: string): readonly string[] {
    return this.#idsOf(key);
  }

  /** Renames a file, into a sub-folder now and then; the edit for it. */
  rename(from: string): Edit {
    const to = this.#newName();
    this.#files.set(to, this.#files.get(from) ?? { documents: [] });
    this.#files.delete(from);
    this.#cameAt.delete(from);
    this.#written = renamed(this.#written, from, to);
    this.#writtenDocuments = renamed(this.#writtenDocuments, from, to);
    return { type: 'rename', from, to };
  }

  /** What has to be done to a folder that is as it was at the last call, to have it as it is now. */
  takeEdits(): readonly Edit[] {
    this.#turn++;
    for (const [file, { documents }] of this.#files) {
      if (documents.length > 0 || mountedFiles.includes(file)) continue;
      this.#files.delete(file);
      this.#cameAt.delete(file);
    }
    const before = this.#written;
    const growing = this.#growing();
    this.#written = new Map([...this.#files.keys()].map((file) => [file, this.#textOf(file)]));
    this.#writtenDocuments = new Map([...this.#files].map(([file, { documents }]) => [file, [...documents]]));
    const changed = [...this.#written.keys()].filter((file) => before.get(file) !== this.#written.get(file));
    const deleted = [...before.keys()].filter((file) => !this.#written.has(file));
    // What moves to another file is there before it is gone from where it was: who gains is written first.
    return [
      ...this.#writes(changed.filter((file) => growing.has(file))),
      ...this.#writes(changed.filter((file) => !growing.has(file))),
      ...deleted.map((file): Edit => ({ type: 'delete', file })),
    ];
  }

  /** All of the folder, as the edits that make it. */
  allEdits(): readonly Edit[] {
    this.#written = new Map();
    return this.takeEdits();
  }

  /** Files that have documents which they did not have when they were written last. The mounted ones go together. */
  #growing(): ReadonlySet<string> {
    const growing = new Set<string>();
    for (const [file, { documents }] of this.#files) {
      const before = this.#writtenDocuments.get(file) ?? [];
      if (documents.every((id) => before.includes(id))) continue;
      for (const one of mountedFiles.includes(file) ? mountedFiles : [file]) growing.add(one);
    }
    return growing;
  }

  #writes(files: readonly string[]): readonly Edit[] {
    const swap: Edit = {
      type: 'swap',
      folder: mounted,
      files: new Map(
        mountedFiles.map((file) => [file.slice(mounted.length + 1), this.#written.get(file) ?? '']),
      ),
    };
    const plain = files.filter((file) => !mountedFiles.includes(file));
    return [
      ...(plain.length < files.length ? [swap] : []),
      ...plain.map((file): Edit => ({
        type: 'write',
        file,
        text: this.#written.get(file) ?? '',
        style: this.#style(file),
      })),
    ];
  }

  /** A file that has just come must be known before it is emptied: what was in it is nowhere else then. */
  #style(file: string): WriteStyle {
    if (this.#turn - (this.#cameAt.get(file) ?? 0) < newFor) return { how: 'replace' };
    const cuts = cutsOf(this.#textsOf(file));
    if (cuts.length > 0 && this.random.chance(0.2)) return { how: 'pieces', cut: this.random.pick(cuts) };
    return { how: this.random.chance(0.3) ? 'in-place' : 'replace' };
  }

  #textOf(file: string): string {
    return this.#textsOf(file).join(separator) || empty;
  }

  #textsOf(file: string): readonly string[] {
    return (this.#files.get(file)?.documents ?? []).map((id) => {
      const document = this.#documents.get(id);
      if (document === undefined) throw new Error(`${file} holds ${id}, which is not there`);
      const { manifest, form, broken } = document;
      return broken === undefined ? manifestText(manifest.object, form) : brokenText(manifest.object, broken);
    });
  }

  #idsOf(key: string): readonly string[] {
    return [...this.#documents].filter(([, { owner }]) => owner === key).map(([id]) => id);
  }

  #fileOf(id: string): string {
    for (const [file, { documents }] of this.#files) if (documents.includes(id)) return file;
    throw new Error(`${id} is in no file`);
  }

  #canTake(ids: readonly string[]): boolean {
    return ids.every((id) => this.isSound(this.#fileOf(id)));
  }

  #putDocument(owner: string, manifest: Manifest): void {
    const known = this.#documents.get(manifest.id);
    if (known !== undefined) {
      known.manifest = manifest;
      return;
    }
    this.#documents.set(manifest.id, {
      owner,
      manifest,
      form: this.random.pick(textForms),
      broken: undefined,
    });
    const own = [...this.filesOf(owner).keys()];
    if (own.length > 0 && this.random.chance(0.5)) this.#insert(this.random.pick(own), manifest.id);
    else if (this.#files.size < 10 && this.random.chance(0.4)) this.#insert(this.#newFile(), manifest.id);
    else this.#insert(this.random.pick([...this.#files.keys()]), manifest.id);
  }

  #insert(file: string, id: string): void {
    const documents = this.#files.get(file)?.documents ?? [];
    documents.splice(this.random.below(documents.length + 1), 0, id);
    this.#files.set(file, { documents });
  }

  #takeOut(id: string): void {
    this.#takeFrom(this.#fileOf(id), id);
    this.#documents.delete(id);
  }

  #takeFrom(file: string, id: string): void {
    const documents = this.#files.get(file)?.documents ?? [];
    documents.splice(documents.indexOf(id), 1);
  }

  #newFile(): string {
    const file = this.#newName();
    this.#files.set(file, { documents: [] });
    return file;
  }

  #newName(): string {
    const folder = this.random.pick(['', '', 'teams/a/', 'teams/b/']);
    const ending = this.random.pick(['yaml', 'yml', 'yaml']);
    const name = `${folder}${this.random.pick(['app', 'mesh', 'zz'])}-${++this.#fileCount}.${ending}`;
    this.#cameAt.set(name, this.#turn);
    return name;
  }
}

function renamed<T>(files: ReadonlyMap<string, T>, from: string, to: string): Map<string, T> {
  return new Map([...files].map(([file, value]) => [file === from ? to : file, value]));
}
