// The split pass: what the TrafficSplits of a service make of its requests and connections, and what is wrong with them.
// A split that makes no sense is a problem and does nothing: its root's own pods go on.

import type { PortKey, ServiceKey } from './key.ts';
import type { Problem } from './problem.ts';
import type { PortDraft, ServiceDraft } from './services.ts';
import type { ConditionalSplit, SplitChoice } from './split-choice.ts';
import { splitProblem } from './split-problems.ts';
import type { SplitContext, SplitDivider, SplitShare } from './split-shares.ts';
import type { HttpMatch } from './topology.ts';

/** A division of what a service port gets, before it is known which of its backends are served. */
export interface SplitDraft {
  /** Absent: everything is divided. */
  readonly matches?: readonly HttpMatch[];
  /** At least one, each service port once. */
  readonly shares: readonly SplitShare[];
}

/** What is split of a service. */
export interface RootDraft {
  /** In the order in which they are tried. A port of which nothing is split is not among them. */
  readonly splits: ReadonlyMap<PortKey, readonly SplitDraft[]>;
  /** Every service that gets a part. */
  readonly backends: ReadonlySet<ServiceKey>;
  readonly problems: readonly Problem[];
}

/** A route for each match with each backend is what a proxy has to look through and keep. */
const maxRoutes = 1_000;

/**
 * Drafts the splits of a service; undefined where it is no root of any.
 *
 * @param context what is known, with a divider of it.
 */
export function draftSplits(
  root: ServiceKey,
  context: SplitContext & { readonly divider: SplitDivider },
): RootDraft | undefined {
  const splits = [...context.smi.splitsOf(root)];
  if (splits.length === 0) return undefined;
  const draft = context.drafts.get(root);
  if (draft === undefined)
    return {
      splits: new Map(),
      backends: new Set(),
      problems: splits.map((split) => splitProblem.noRoot(split)),
    };
  return new RootPass(root, context.divider).draft(draft);
}

class RootPass {
  readonly #choice: SplitChoice;
  readonly #divider: SplitDivider;
  /** By code and message: what is wrong with several ports in the same way is one problem. */
  readonly #problems = new Map<string, Problem>();

  constructor(root: ServiceKey, divider: SplitDivider) {
    this.#choice = divider.choice(root);
    this.#divider = divider;
    this.#choice.problems.forEach(this.#report);
  }

  draft({ ports }: ServiceDraft): RootDraft {
    const splits = new Map<PortKey, readonly SplitDraft[]>();
    for (const port of ports) {
      const drafts = this.#splitsOf(port);
      if (drafts.length > 0) splits.set(port.key, drafts);
    }
    const shares = [...splits.values()].flat().flatMap((split) => split.shares);
    const backends = new Set(shares.map(({ service }) => service));
    return { splits, backends, problems: [...this.#problems.values()] };
  }

  readonly #report = (problem: Problem): void => {
    this.#problems.set(`${problem.code} ${problem.subject.name} ${problem.message}`, problem);
  };

  #splitsOf(port: PortDraft): readonly SplitDraft[] {
    const { conditional, unconditional } = this.#choice;
    return [
      ...conditional.flatMap((each) => this.#some(each, port)),
      ...(unconditional === undefined ? [] : this.#all(unconditional, port)),
    ];
  }

  #all(split: ConditionalSplit['split'], port: PortDraft): readonly SplitDraft[] {
    const shares = this.#divider.shares(split, port, this.#report);
    if (shares.length > 0) return [{ shares }];
    this.#report(splitProblem.nothingLeft(split, port.port));
    return [];
  }

  #some({ split, matches }: ConditionalSplit, port: PortDraft): readonly SplitDraft[] {
    if (port.traffic !== 'http') {
      this.#report(splitProblem.notHttp(split, port.port, port.traffic));
      return [];
    }
    return this.#all(split, port).flatMap(({ shares }) => {
      const count = shares.length * matches.length;
      if (count <= maxRoutes) return [{ matches, shares }];
      this.#report(splitProblem.tooLarge(split, count, maxRoutes));
      return [];
    });
  }
}
