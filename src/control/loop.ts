// The control loop: what sources offer becomes a topology, the topology resources, the resources a snapshot for proxies.
// It also sees to it that what was handed out is on record before a proxy is told of it, and is not given to anybody
// else before every proxy has forgotten it.

import type { LiveAllocation } from '../model/allocator.ts';
import { TopologyBuilder, type ModelOptions, type RecordDetails } from '../model/build.ts';
import type { Allocation } from '../model/compose.ts';
import type { ServiceKey } from '../model/key.ts';
import type { Offer } from '../model/offer.ts';
import type { RecordedPorts, SharedPorts } from '../model/recorded.ts';
import type { ServiceDraft } from '../model/services.ts';
import type { Topology } from '../model/topology.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Resources } from '../translate/resources.ts';
import { Holdoff } from './holdoff.ts';
import { ProblemLog } from './problem-log.ts';
import { RestingNumbers } from './resting.ts';

/** What one round of the loop took, in milliseconds, and what came of it. */
export interface Round {
  readonly topology: Topology;
  readonly resources: Resources;
  readonly buildMs: number;
  readonly translateMs: number;
  readonly publishMs: number;
}

/** What the loop works with. */
export interface ControlOptions {
  readonly model: ModelOptions;
  /** What was handed out before a restart. */
  readonly allocation: Allocation;
  /** Puts on record what is handed out, so that a restart finds it. Does not throw. */
  readonly saveAllocation: (allocation: Allocation) => void;
  readonly translate: (topology: Topology) => Resources;
  /** Offers resources to proxies and returns the sequence number of that snapshot. */
  readonly publish: (resources: Resources) => number;
  readonly onRound?: (round: Round) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** Changes closer together than this are taken together; 10 ms by default. */
  readonly quietMs?: number;
  /** Longest time that a change waits; 100 ms by default. */
  readonly maxMs?: number;
  /** How long a freed port or address rests when no proxy knows it any more, in milliseconds; 0 by default. */
  readonly restMs?: number;
}

/** Runs the pipeline whenever there is something new. Does nothing before the first offer. */
export class ControlLoop {
  readonly #options: ControlOptions;
  readonly #builder: TopologyBuilder;
  readonly #holdoff: Holdoff;
  readonly #problems: ProblemLog;
  readonly #resting: RestingNumbers;
  #restTimer: Timer | undefined;
  #savedAllocation: Allocation;
  #topology: Topology | undefined;
  #resources: Resources | undefined;
  #waiting = 0;
  #sequence = 0;
  #settled = 0;
  #restingAllocation: Allocation | undefined;
  #isStopped = false;
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#builder = new TopologyBuilder(options.model, options.allocation);
    this.#savedAllocation = options.allocation;
    this.#problems = new ProblemLog(options.log);
    const { clock, quietMs = 10, maxMs = 100, restMs = 0 } = options;
    this.#resting = new RestingNumbers(clock, restMs);
    this.#holdoff = new Holdoff({ clock, quietMs, maxMs }, () => this.#roundOrEnd());
  }

  /** Rejects where a round fails, which is a defect of ours: nothing new is built then, and who runs the loop has to end. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** The topology that proxies were last told; undefined before the first. */
  get topology(): Topology | undefined {
    return this.#topology;
  }

  /** The resources that proxies were last told; undefined before the first. */
  get resources(): Resources | undefined {
    return this.#resources;
  }

  /** What is handed out to services now. */
  get allocation(): LiveAllocation {
    return this.#builder.allocation;
  }

  /** Mesh ports that several service ports have on record, as the last round found them. */
  get sharedPorts(): SharedPorts {
    return this.#builder.sharedPorts;
  }

  /** The services as the last round drafted them, those included that have no mesh port yet. */
  get drafts(): ReadonlyMap<ServiceKey, ServiceDraft> {
    return this.#builder.drafts;
  }

  /** The services of which the last round found that they, or what is handed out to them, may be others than before. */
  get touched(): ReadonlySet<ServiceKey> {
    return this.#builder.touched;
  }

  /** The sequence number of the snapshot that was published last; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Changes that no round has taken up yet. */
  get queueDepth(): number {
    return this.#waiting;
  }

  /** Takes in what a source offers. The first offer, and one that takes an endpoint away, are acted on at once. */
  offer(offer: Offer): void {
    this.#waiting += offer.changes.length;
    const isTakingAway = this.#builder.apply(offer);
    if (isTakingAway || this.#topology === undefined) this.#holdoff.hurry();
    else this.#holdoff.touch();
  }

  /**
   * Takes in which mesh ports are on record in the cluster; see TopologyBuilder.record. To be called before the first
   * offer, so that nothing is built without it.
   */
  record(recorded: RecordedPorts, details?: RecordDetails): void {
    this.#builder.record(recorded, details);
    if (this.#topology !== undefined) this.#holdoff.touch();
  }

  /** Says that every connected proxy has acknowledged the snapshots up to this sequence number. */
  settled(sequence: number): void {
    this.#settled = sequence;
    this.#resting.settled(sequence);
    this.#release();
  }

  /** Ends the loop: nothing is built or published after. */
  stop(): void {
    this.#isStopped = true;
    this.#holdoff.stop();
    this.#restTimer?.cancel();
  }

  /** Gives away again what has rested, now and when the next time is up. */
  #release(): void {
    if (this.#isStopped) return;
    const released = this.#resting.take();
    if (released !== undefined && this.#builder.release(released)) this.#holdoff.touch();
    this.#restTimer?.cancel();
    const { dueAt } = this.#resting;
    if (dueAt === undefined) return;
    const { clock } = this.#options;
    this.#restTimer = clock.after(Math.max(1, dueAt - clock.now()), () => this.#release());
  }

  #roundOrEnd(): void {
    try {
      this.#round();
    } catch (error) {
      this.stop();
      this.#failed.reject(error);
    }
  }

  #round(): void {
    const { clock, translate, publish, onRound } = this.#options;
    this.#waiting = 0;
    const start = clock.now();
    const topology = this.#builder.build();
    const built = clock.now();
    this.#save();
    this.#problems.update(topology.problems);
    const resources = translate(topology);
    const translated = clock.now();
    if (resources !== this.#resources) this.#sequence = publish(resources);
    this.#rest();
    this.#topology = topology;
    this.#resources = resources;
    onRound?.({
      topology,
      resources,
      buildMs: built - start,
      translateMs: translated - built,
      publishMs: clock.now() - translated,
    });
  }

  /** Has what was freed rest. What proxies were told before is without it already where nothing had to be published. */
  #rest(): void {
    const { allocation } = this.#builder;
    if (allocation === this.#restingAllocation) return;
    this.#restingAllocation = allocation;
    this.#resting.published(allocation, this.#sequence);
    // It may be settled as soon as it is published, with no proxy connected, or have been before.
    if (this.#settled >= this.#sequence) this.settled(this.#settled);
  }

  #save(): void {
    const allocation = this.#builder.allocation;
    if (allocation === this.#savedAllocation) return;
    this.#savedAllocation = allocation;
    this.#options.saveAllocation(allocation);
  }
}
