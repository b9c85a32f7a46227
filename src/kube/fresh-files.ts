// Texts of files that others replace while we run: tokens, certificates, kubeconfigs.

import { readFile } from 'node:fs/promises';

import type { Clock } from '../runtime/clock.ts';

/** Client-go looks at token files once a minute; ours are read again sooner, since nothing is saved by waiting. */
const defaultFreshMs = 10_000;

interface Kept {
  readonly text: string;
  readonly readAt: number;
}

/** Reads files, and reads them again when they may have changed. */
export class FreshFiles {
  readonly #clock: Clock;
  readonly #freshMs: number;
  readonly #kept = new Map<string, Kept>();

  constructor({ clock, freshMs = defaultFreshMs }: { readonly clock: Clock; readonly freshMs?: number }) {
    this.#clock = clock;
    this.#freshMs = freshMs;
  }

  /**
   * What a file holds, or held a moment ago. A file that can't be read for now (its directory is being swapped) still
   * gives what it gave; one that never could be read rejects with Node's error.
   */
  async read(path: string): Promise<string> {
    const kept = this.#kept.get(path);
    const now = this.#clock.now();
    if (kept !== undefined && now - kept.readAt < this.#freshMs) return kept.text;
    try {
      const text = await readFile(path, 'utf8');
      this.#kept.set(path, { text, readAt: now });
      return text;
    } catch (error) {
      if (kept === undefined) throw error;
      return kept.text;
    }
  }

  /** Lets every file be read again the next time that it is asked for. */
  expire(): void {
    for (const [path, { text }] of this.#kept) {
      this.#kept.set(path, { text, readAt: Number.NEGATIVE_INFINITY });
    }
  }
}
