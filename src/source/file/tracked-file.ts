// One file over time: which of its versions counts. A version that can't be read, or that looks like half of a write,
// doesn't take away what the version before gave.

import type { Problem } from '../../model/problem.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isPartlyUnknown, type Content, type FileResult } from './content.ts';
import { contentProblems, unreadableProblem } from './file-problem.ts';
import type { FilePlace, ObjectId, ObjectStore } from './object-store.ts';
import type { FoundFile } from './scan.ts';

/** How long a change that takes objects away is waited for to prove itself, in milliseconds. */
export interface SettleTiming {
  /** A file is gone, an object is no longer in it, or its text ends in the middle of a line. */
  readonly goneMs: number;
  /** A file is empty that was not: `kubectl get … > file` empties it at once and writes only when it has the answer. */
  readonly emptyMs: number;
}

/**
 * A change so shortly before reading may share its time stamp with one right after. File systems keep time in steps
 * of the kernel's clock (up to 10 ms), network file systems in their server's.
 */
const racyMs = 100;

/** Files above this size take more than one write. */
const largeBytes = 256 * 1024;

/** What the next look at the file is for, unless a change comes first. */
type Waiting =
  /** The file is gone; its objects are held. */
  | { readonly for: 'file'; readonly dueAt: number }
  /** This version lacks the end of its last line, which the one before had; it does not count yet. */
  | { readonly for: 'line-end'; readonly dueAt: number; readonly content: Content }
  /** Objects are missing from the version that counts; they are held. */
  | { readonly for: 'objects'; readonly dueAt: number; readonly content: Content };

/** A file that is or was there. */
export class TrackedFile {
  #found: FoundFile;
  #isRacy = true;
  #content: Content | undefined;
  #problems: readonly Problem[] = [];
  #failure: Problem | undefined;
  #waiting: Waiting | undefined;
  /** Some of its objects are held, or it waited for something, and what came of it is not known. */
  #isUnsettled = false;
  /** Since when objects are held that are missing from it, by id. Each has its time: one may have come right now. */
  #heldSince: ReadonlyMap<ObjectId, number> = new Map();
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #timing: SettleTiming;

  constructor(
    found: FoundFile,
    context: { readonly store: ObjectStore; readonly clock: Clock; readonly timing: SettleTiming },
  ) {
    this.#found = found;
    this.#store = context.store;
    this.#clock = context.clock;
    this.#timing = context.timing;
  }

  get place(): FilePlace {
    return this.#found.place;
  }

  /** Whether a symbolic link leads to it. */
  get isLink(): boolean {
    return this.#found.isLink;
  }

  /** Whether writing it may take a while. */
  get isLarge(): boolean {
    return this.#found.size > largeBytes;
  }

  /** Stamp of the file when it was last read. */
  get stamp(): string {
    return this.#found.stamp;
  }

  /** The version that counts. */
  get content(): Content | undefined {
    return this.#content;
  }

  /** When {@link settle} has something to do; infinite where it hasn't. */
  get dueAt(): number {
    return this.#waiting?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the file must be read at the next occasion, whatever its stamp is. */
  get isUncertain(): boolean {
    return this.#isRacy || this.#isUnsettled || this.#failure !== undefined;
  }

  /** What is wrong with the file and with what is in it. */
  get problems(): readonly Problem[] {
    return this.#failure === undefined ? this.#problems : [this.#failure, ...this.#problems];
  }

  /** Says as what the file was found that is about to be read, at this wall-clock time in milliseconds. */
  found(found: FoundFile, readAt: number): void {
    this.#found = found;
    this.#isRacy = readAt - found.changedAt < racyMs;
  }

  /** Takes what came of reading the file now. */
  take(result: FileResult): void {
    if (result.status === 'gone') return this.gone();
    if (result.status === 'failed') {
      this.suspend();
      this.#failure = unreadableProblem(this.place.path, result);
      return;
    }
    this.#failure = undefined;
    const isCutOff = this.#content?.endsMidLine === false && result.endsMidLine && !result.isEmpty;
    if (isCutOff) {
      const dueAt =
        this.#waiting?.for === 'line-end' ? this.#waiting.dueAt : this.#clock.now() + this.#timing.goneMs;
      this.#waiting = { for: 'line-end', dueAt, content: result };
    } else this.#apply(result, undefined);
  }

  /** Says that the file is not there now. */
  gone(): void {
    if (this.#waiting?.for === 'file') return;
    this.#store.holdFile(this.place.path);
    this.#failure = undefined;
    this.#isUnsettled = true;
    this.#waiting = { for: 'file', dueAt: this.#clock.now() + this.#timing.goneMs };
  }

  /** Says that it can't be known whether the file is there: what it last said stays. */
  suspend(): void {
    if (this.#waiting !== undefined) this.#isUnsettled = true;
    this.#waiting = undefined;
  }

  /**
   * Does what was due at a time, now by default: takes the version that has proved itself. Whether the file is to be
   * forgotten.
   */
  settle(asOf: number = this.#clock.now()): 'kept' | 'forgotten' {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.dueAt > asOf) return 'kept';
    this.#waiting = undefined;
    if (waiting.for === 'file') {
      this.#store.dropFile(this.place.path);
      return 'forgotten';
    }
    this.#apply(waiting.content, waiting.for === 'objects' ? asOf : undefined);
    return 'kept';
  }

  /** Whether the file is gone and waits to be forgotten. */
  get isGone(): boolean {
    return this.#waiting?.for === 'file';
  }

  /** Takes a version. Objects that it lacks are held, or dropped where they have been held for long enough as of a time. */
  #apply(content: Content, asOf: number | undefined): void {
    // Where some of the text can't be told, it may be about any object that the file gave before.
    const isUnknown = isPartlyUnknown(content);
    const delayMs = content.isEmpty ? this.#timing.emptyMs : this.#timing.goneMs;
    const drops =
      isUnknown || asOf === undefined
        ? []
        : [...this.#heldSince].filter(([, since]) => since + delayMs <= asOf).map(([id]) => id);
    const { path } = this.place;
    this.#store.setFile(this.place, { pieces: content.pieces, keeps: 'missing', drops: new Set(drops) });
    this.#content = content;
    this.#problems = contentProblems(path, content.pieces);
    this.#waiting = undefined;
    this.#isUnsettled = false;
    const held = isUnknown ? [] : this.#store.heldIn(path);
    const now = this.#clock.now();
    this.#heldSince = new Map(held.map((id) => [id, this.#heldSince.get(id) ?? now]));
    if (held.length === 0) return;
    const oldest = Math.min(...this.#heldSince.values());
    this.#waiting = { for: 'objects', dueAt: oldest + delayMs, content };
  }
}
