// Keeps the splits of all roots in step with objects and services: only what a change touches is drafted again.

import type { ServiceKey } from './key.ts';
import type { Problem } from './problem.ts';
import { rootOf, type SmiStore } from './smi-store.ts';
import { SplitDivider, type SplitContext } from './split-shares.ts';
import { draftSplits, type RootDraft } from './splits.ts';

/** The splits of all services. */
export class SplitDrafts {
  readonly #smi: SmiStore;
  readonly #context: SplitContext;
  readonly #roots = new Map<ServiceKey, RootDraft>();

  constructor(smi: SmiStore, drafts: SplitContext['drafts']) {
    this.#smi = smi;
    this.#context = { smi, drafts };
  }

  /** The roots of TrafficSplits, in no particular order, some of which are no services. The map is the same one after every update. */
  get roots(): ReadonlyMap<ServiceKey, RootDraft> {
    return this.#roots;
  }

  /** What is wrong with TrafficSplits, in no particular order. */
  *problems(): Generator<Problem> {
    for (const { problems } of this.#roots.values()) yield* problems;
  }

  /**
   * Drafts again what changes of TrafficSplits and their HTTPRouteGroups touch, and what services do that came, went or have
   * other ports than before.
   */
  update(reshaped: Iterable<ServiceKey>): void {
    const context = { ...this.#context, divider: new SplitDivider(this.#context) };
    for (const root of this.#touched(reshaped)) {
      const draft = draftSplits(root, context);
      if (draft === undefined) this.#roots.delete(root);
      else this.#roots.set(root, draft);
    }
  }

  /** Roots that changed, and those above them: what a backend gets may be divided further. */
  #touched(reshaped: Iterable<ServiceKey>): ReadonlySet<ServiceKey> {
    const touched = new Set([...this.#smi.takeTouchedRoots(), ...reshaped]);
    // A set goes on with what is added while it is gone through.
    for (const service of touched) {
      for (const split of this.#smi.splitsTo(service)) touched.add(rootOf(split));
    }
    return touched;
  }
}
