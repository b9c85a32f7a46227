// The model as one call: objects in, topology out. The control loop keeps a TopologyBuilder and feeds it changes;
// offline commands and tests build from scratch with the same code.

import { AccessDrafts } from './access/access-drafts.ts';
import { claimsOf, type Claims, type PortMoves, type RecordedPorts, type SharedPorts } from './recorded.ts';
import { TopologyComposer, type Allocation } from './compose.ts';
import { ServiceDrafts } from './drafts.ts';
import { objectKey, type PortKey, type ServiceKey } from './key.ts';
import type { KubeObject } from './objects.ts';
import type { Offer } from './offer.ts';
import {
  assignPorts,
  blocksLast,
  emptyPortTable,
  releasePorts,
  type ByTraffic,
  type PortRanges,
} from './ports.ts';
import type { Problem } from './problem.ts';
import { overlayRecorded, sharedKey } from './overlay-recorded.ts';
import { serviceProblem, type ServiceDraft } from './services.ts';
import { assignSlots, emptySlots, releaseSlots, type NumberRange } from './slots.ts';
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
  readonly #options: ModelOptions;
  readonly #store = new ObjectStore();
  readonly #drafts: ServiceDrafts;
  readonly #splits: SplitDrafts;
  readonly #access: AccessDrafts | undefined;
  readonly #composer: TopologyComposer;
  /** What each service wants, as text: where it is the same as before, nothing has to be handed out. */
  readonly #wants = new Map<ServiceKey, string>();
  #sourceProblems: readonly Problem[] = [];
  #allocation: Allocation;
  #allocationProblems: readonly Problem[] = [];
  #claims: Claims | undefined;
  #unread: { readonly ports: RecordedPorts; readonly moves: PortMoves } | undefined;

  /** Begins with what was handed out before, so that nothing moves over a restart. */
  constructor(options: ModelOptions, allocation: Allocation = emptyAllocation) {
    this.#options = options;
    this.#allocation = allocation;
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

  /** What is handed out now. */
  get allocation(): Allocation {
    return this.#allocation;
  }

  /** HTTP mesh ports that several service ports have on record, or that some are moving from. */
  get sharedPorts(): SharedPorts {
    return this.#claims?.shared ?? new Map();
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
   */
  record(ports: RecordedPorts, moves: PortMoves = new Map()): void {
    this.#unread = { ports, moves };
  }

  /**
   * Ends the rest of ports and addresses that no proxy serves any more.
   *
   * @returns whether a service that went without one gets one by it at the next build.
   */
  release(released: Released): boolean {
    const { ports, addresses } = this.#allocation;
    this.#allocation = {
      ports: releasePorts(ports, released.ports),
      addresses: releaseSlots(addresses, released.addresses),
    };
    if (this.#allocationProblems.length === 0) return false;
    this.#allocate();
    return true;
  }

  /** Builds the topology of everything taken in so far. Returns the last one where nothing changed. */
  build(): Topology {
    const mustAllocate = this.#unread !== undefined;
    if (this.#unread !== undefined) this.#claims = claimsOf(this.#unread, this.#options.ports, this.#claims);
    this.#unread = undefined;
    const reshaped: ServiceKey[] = [];
    const touched = this.#drafts.update();
    for (const key of touched) {
      const draft = this.#drafts.drafts.get(key);
      const want = draft?.ports.map((port) => `${port.traffic} ${port.key}`).join();
      if (want === this.#wants.get(key)) continue;
      reshaped.push(key);
      if (want === undefined) this.#wants.delete(key);
      else this.#wants.set(key, want);
    }
    if (mustAllocate || reshaped.length > 0) this.#allocate();
    this.#splits.update(reshaped);
    const targets = this.#store.smi.takeTouchedTargets();
    this.#access?.update(touched, targets);
    return this.#composer.compose({
      drafts: this.#drafts.drafts,
      touched,
      splits: this.#splits.roots,
      access: this.#access,
      allocation: this.#allocation,
      places: this.#claims?.places,
      problems: [
        ...this.#sourceProblems,
        ...this.#allocationProblems,
        ...this.#splits.problems(),
        ...(this.#access?.problems() ?? []),
      ],
    });
  }

  #allocate(): void {
    const { drafts } = this.#drafts;
    const last = this.#allocation;
    const known = this.#claims === undefined ? last.ports : overlayRecorded(last.ports, this.#claims);
    const { http, ...others } = this.#options.ports;
    // What leaves a shared port goes to another block: the routes of its own, which are all theirs, stay as they are.
    const ranges = { http: blocksLast(http, this.sharedPorts.keys()), ...others };
    const ports = assignPorts(known, wantedPorts(drafts, this.sharedPorts), ranges);
    const range = this.#options.addresses;
    const addresses = assignSlots(
      last.addresses,
      range === undefined ? [] : drafts.keys(),
      range === undefined ? [] : [range],
    );
    if (ports.table !== last.ports || addresses.slots !== last.addresses) {
      this.#allocation = { ports: ports.table, addresses: addresses.slots };
    }
    this.#allocationProblems = [
      ...ports.unassigned.map((key) => portsProblem(key, this.#store, this.#claims)),
      ...addresses.unassigned.map((key) => addressesProblem(key, this.#store)),
    ];
  }
}

/** Numbers whose rest ends. */
export interface Released {
  readonly ports: ByTraffic<Iterable<number>>;
  readonly addresses: Iterable<number>;
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

function wantedPorts(
  drafts: ReadonlyMap<ServiceKey, ServiceDraft>,
  shared: SharedPorts,
): ByTraffic<readonly PortKey[]> {
  const wanted: ByTraffic<PortKey[]> = { http: Array.from(shared.keys(), sharedKey), tcp: [], udp: [] };
  for (const { ports } of drafts.values()) for (const { traffic, key } of ports) wanted[traffic].push(key);
  return wanted;
}

function portsProblem(key: PortKey, store: ObjectStore, claims: Claims | undefined): Problem {
  const [namespace = '', name = '', port = ''] = key.split('/');
  const [shared] = claims?.places.get(key)?.shared ?? [];
  return serviceProblem(withOrigin(namespace, name, store), 'MAESH_PORTS_EXHAUSTED', {
    message:
      shared === undefined
        ? `no mesh port is left for port ${port}, so the mesh does not serve it`
        : `no mesh port of its own is left for port ${port}, so it goes on sharing one with other services and is served only where it is called by its name`,
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
