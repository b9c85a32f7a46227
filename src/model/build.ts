// The model as one call: objects in, topology out. The control loop keeps a TopologyBuilder and feeds it changes;
// offline commands and tests build from scratch with the same code.

import { AccessDrafts } from './access/access-drafts.ts';
import { Allocator, type LiveAllocation, type Released } from './allocator.ts';
import { TopologyComposer, type Allocation } from './compose.ts';
import { ServiceDrafts } from './drafts.ts';
import { objectKey, type PortKey, type ServiceKey } from './key.ts';
import type { KubeObject } from './objects.ts';
import type { Offer } from './offer.ts';
import { emptyPortTable, type PortRanges } from './ports.ts';
import type { Problem } from './problem.ts';
import type { PortMoves, RecordedPorts, SharedPorts } from './recorded.ts';
import { serviceProblem, type ServiceDraft } from './services.ts';
import { emptySlots, type NumberRange } from './slots.ts';
import { SplitDrafts } from './split-drafts.ts';
import { ObjectStore } from './store.ts';
import type { Topology, TrafficType } from './topology.ts';

/** Settings of the model. */
export interface ModelOptions {
  /** Traffic type of services that name none. */
  readonly defaultMode: TrafficType;
  readonly ports: PortRanges;
  /** Where services get an address of their own; undefined where they need none (in a cluster they have a ClusterIP). */
  readonly addresses: NumberRange | undefined;
  /** The lowest port that can be opened on these addresses; 1 by default. */
  readonly firstLocalPort?: number;
  /** Whether only those may call whom a TrafficTarget lets in; else everybody may. */
  readonly isAccessControlled?: boolean;
}

/** An allocation in which nothing is handed out. */
export const emptyAllocation: Allocation = { ports: emptyPortTable, addresses: emptySlots };

/** Builds topologies one after the other from what sources offer. */
export class TopologyBuilder {
  readonly #store = new ObjectStore();
  readonly #drafts: ServiceDrafts;
  readonly #splits: SplitDrafts;
  readonly #access: AccessDrafts | undefined;
  readonly #composer: TopologyComposer;
  readonly #allocator: Allocator;
  #sourceProblems: readonly Problem[] = [];
  #allocationProblems: readonly Problem[] = [];
  #touched: ReadonlySet<ServiceKey> = new Set();

  /** Begins with what was handed out before, so that nothing moves over a restart. */
  constructor(options: ModelOptions, allocation: Allocation = emptyAllocation) {
    this.#allocator = new Allocator(options, allocation);
    this.#drafts = new ServiceDrafts(this.#store, options);
    this.#splits = new SplitDrafts(this.#store.smi, this.#drafts.drafts);
    this.#access = options.isAccessControlled
      ? new AccessDrafts(this.#store, this.#drafts.drafts)
      : undefined;
    this.#composer = new TopologyComposer({ firstLocalPort: options.firstLocalPort ?? 1 });
  }

  /** The services as they were drafted at the last build. The map is the same one each time. */
  get drafts(): ReadonlyMap<ServiceKey, ServiceDraft> {
    return this.#drafts.drafts;
  }

  /** The services whose draft, or what is handed out to them, may be another since the last build; or that are gone. */
  get touched(): ReadonlySet<ServiceKey> {
    return this.#touched;
  }

  /** What is handed out now: another reference whenever something is, though its tables are the same ones each time. */
  get allocation(): LiveAllocation {
    return this.#allocator.allocation;
  }

  /** HTTP mesh ports that several service ports have on record, or that some are moving from. */
  get sharedPorts(): SharedPorts {
    return this.#allocator.shared;
  }

  /**
   * Takes in what a source offers; the next build sees it.
   *
   * @returns whether it takes an endpoint away.
   */
  apply(offer: Offer): boolean {
    this.#sourceProblems = offer.problems;
    this.#access?.apply(offer.changes);
    return this.#store.apply(offer.changes);
  }

  /**
   * Takes in which mesh ports are on record in the cluster; the next build sees it. From then on a port is served only
   * where it is on record, and {@link allocation} says what ought to be: the ports on record, and those that services
   * are to get which have none, or none of their own.
   *
   * @param changed - of which service ports something else may be on record than before; of all by default.
   */
  record(ports: RecordedPorts, { moves = new Map(), changed }: RecordDetails = {}): void {
    this.#allocator.record({ ports, moves }, changed);
  }

  /**
   * Ends the rest of ports and addresses that no proxy serves any more.
   *
   * @returns whether a service that went without one gets one by it at the next build.
   */
  release(released: Released): boolean {
    return this.#allocator.release(released);
  }

  /** Builds the topology of everything taken in so far. Returns the last one where nothing changed. */
  build(): Topology {
    const { drafts } = this.#drafts;
    const drafted = this.#drafts.update();
    const reshaped = [...drafted].filter((key) => this.#allocator.want(key, drafts.get(key)?.ports));
    const reallocated = this.#allocator.settle();
    this.#touched = new Set([...drafted, ...reallocated]);
    if (reshaped.length > 0 || reallocated.size > 0) this.#allocationProblems = this.#missing();
    this.#splits.update(reshaped);
    const targets = this.#store.smi.takeTouchedTargets();
    this.#access?.update(drafted, targets);
    return this.#composer.compose({
      drafts,
      touched: this.#touched,
      splits: this.#splits.roots,
      trafficSplits: this.#store.smi.splits,
      access: this.#access,
      allocation: this.allocation,
      places: this.#allocator.places,
      problems: [
        ...this.#sourceProblems,
        ...this.#allocationProblems,
        ...this.#splits.problems(),
        ...(this.#access?.problems() ?? []),
      ],
    });
  }

  #missing(): readonly Problem[] {
    const { places } = this.#allocator;
    const isSharing = (key: PortKey): boolean => (places?.get(key)?.shared ?? []).length > 0;
    return [
      ...Array.from(this.#allocator.missingPorts(), (key) =>
        portsProblem(key, { store: this.#store, isSharing: isSharing(key) }),
      ),
      ...Array.from(this.#allocator.missingAddresses, (key) => addressesProblem(key, this.#store)),
    ];
  }
}

/** What goes with the mesh ports on record. */
export interface RecordDetails {
  readonly moves?: PortMoves;
  readonly changed?: Iterable<PortKey>;
}

/** Builds the topology of a set of objects from scratch, with nothing handed out before. */
export function buildTopology(
  objects: Iterable<KubeObject>,
  options: ModelOptions & { readonly problems?: readonly Problem[] },
): Topology {
  const builder = new TopologyBuilder(options);
  const changes = [...objects].map((object) => ({
    kind: object.kind,
    key: objectKey(object.namespace, object.name),
    object,
  }));
  builder.apply({ changes, problems: options.problems ?? [] });
  return builder.build();
}

function portsProblem(
  key: PortKey,
  { store, isSharing }: { readonly store: ObjectStore; readonly isSharing: boolean },
): Problem {
  const [namespace = '', name = '', port = ''] = key.split('/');
  return serviceProblem(withOrigin(namespace, name, store), 'MAESH_PORTS_EXHAUSTED', {
    message: isSharing
      ? `no mesh port of its own is left for port ${port}, so it goes on sharing one with other services and is served only where it is called by its name`
      : `no mesh port is left for port ${port}, so the mesh does not serve it`,
    advice:
      'Raise --limitHTTPPort, --limitTCPPort or --limitUDPPort, or take services that need no mesh out of it.',
  });
}

function addressesProblem(key: ServiceKey, store: ObjectStore): Problem {
  const [namespace = '', name = ''] = key.split('/');
  return serviceProblem(withOrigin(namespace, name, store), 'MAESH_ADDRESSES_EXHAUSTED', {
    message: 'no loopback address is left for the service, so its name has no address',
    advice: 'Give a larger --addressRange; the service can be reached by --httpPort meanwhile.',
  });
}

function withOrigin(
  namespace: string,
  name: string,
  store: ObjectStore,
): Parameters<typeof serviceProblem>[0] {
  return store.service(objectKey(namespace, name)) ?? { namespace, name };
}
