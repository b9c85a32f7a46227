// How a TrafficSplit divides what one port of its root gets: who gets which part.

import type { Components } from './components.ts';
import { objectKey, type PortKey, type ServiceKey } from './key.ts';
import type { KubeTrafficSplit } from './objects.ts';
import type { Problem } from './problem.ts';
import type { PortDraft, ServiceDraft } from './services.ts';
import type { SmiView } from './smi-store.ts';
import { chooseSplits, splitCircles, type SplitChoice } from './split-choice.ts';
import { splitProblem } from './split-problems.ts';

/** A service port and its part. */
export interface SplitShare {
  readonly service: ServiceKey;
  readonly port: PortKey;
  /** Above 0. */
  readonly weight: number;
}

/** What is known of services and their TrafficSplits. */
export interface SplitContext {
  readonly smi: SmiView;
  readonly drafts: ReadonlyMap<ServiceKey, ServiceDraft>;
}

type Report = (problem: Problem) => void;

const toNobody: Report = () => {};

/** A backend that can take its part. */
interface Backend {
  readonly key: ServiceKey;
  readonly name: string;
  readonly port: PortDraft;
  readonly weight: number;
}

/** A TrafficSplit for a port of its root. */
interface Division {
  readonly split: KubeTrafficSplit;
  readonly port: PortDraft;
}

/**
 * Divides. A service that stands among the backends twice gets both parts. What a backend gets that is itself the root of a
 * TrafficSplit for all its requests is divided further, so that requests pass a proxy once; such TrafficSplits have been
 * found free of cycles. One instance remembers what it has divided, for as long as nothing changes.
 */
export class SplitDivider {
  readonly #context: SplitContext;
  readonly #circles: Components;
  readonly #choices = new Map<ServiceKey, SplitChoice>();
  readonly #further = new Map<PortKey, readonly SplitShare[]>();

  constructor(context: SplitContext) {
    this.#context = context;
    this.#circles = splitCircles(context.smi);
  }

  /** The TrafficSplits of a service that count. */
  choice(root: ServiceKey): SplitChoice {
    const choice =
      this.#choices.get(root) ?? chooseSplits(root, { smi: this.#context.smi, circles: this.#circles });
    this.#choices.set(root, choice);
    return choice;
  }

  /** Who gets what, each service port once; nobody where no backend can take anything. */
  shares(split: KubeTrafficSplit, port: PortDraft, report: Report): readonly SplitShare[] {
    this.#divideBelow({ split, port });
    return this.#divide({ split, port }, report);
  }

  /** Divides what backends get further, from the ends up: without recursion, since chains may be of any length. */
  #divideBelow(top: Division): void {
    const stack = this.#unknownBelow(top);
    for (let next = stack.at(-1); next !== undefined; next = stack.at(-1)) {
      const below = this.#unknownBelow(next);
      if (below.length > 0) stack.push(...below);
      else {
        this.#further.set(next.port.key, this.#divide(next, toNobody));
        stack.pop();
      }
    }
  }

  #unknownBelow({ split, port }: Division): Division[] {
    return this.#backends(split, port, toNobody).flatMap((backend) => {
      const { unconditional } = this.choice(backend.key);
      if (unconditional === undefined || this.#further.has(backend.port.key)) return [];
      return [{ split: unconditional, port: backend.port }];
    });
  }

  /** What is further divided below has to be known. */
  #divide({ split, port }: Division, report: Report): readonly SplitShare[] {
    const shares = new Map<PortKey, SplitShare>();
    for (const backend of this.#backends(split, port, report)) {
      if (this.choice(backend.key).conditional.length > 0) report(splitProblem.nested(split, backend.name));
      for (const share of this.#sharesOf(backend)) {
        const before = shares.get(share.port)?.weight ?? 0;
        shares.set(share.port, { ...share, weight: before + share.weight });
      }
    }
    return [...shares.values()];
  }

  #sharesOf({ key: service, port, weight }: Backend): readonly SplitShare[] {
    const further = this.#further.get(port.key) ?? [];
    if (further.length === 0) return [{ service, port: port.key, weight }];
    const total = totalOf(further);
    return further.map((share) => ({ ...share, weight: (weight * share.weight) / total }));
  }

  #backends(split: KubeTrafficSplit, port: PortDraft, report: Report): readonly Backend[] {
    return split.backends.flatMap(({ service, weight }): readonly Backend[] => {
      const key = objectKey(split.namespace, service);
      const found = this.#context.drafts.get(key)?.ports.filter((each) => each.port === port.port);
      const same = found?.find(({ traffic }) => traffic === port.traffic);
      const [other] = found ?? [];
      if (weight < 0) report(splitProblem.negative(split, service, weight));
      if (found === undefined) report(splitProblem.noBackend(split, service));
      else if (other === undefined) report(splitProblem.noPort(split, service, port.port));
      else if (same === undefined) {
        const traffic = { is: other.traffic, wanted: port.traffic };
        report(splitProblem.otherTraffic(split, service, port.port, traffic));
      } else if (weight > 0) return [{ key, name: service, port: same, weight }];
      return [];
    });
  }
}

function totalOf(shares: readonly SplitShare[]): number {
  let total = 0;
  for (const { weight } of shares) total += weight;
  return total;
}
