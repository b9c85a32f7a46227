// How far the moves of service ports to mesh ports of their own are: which have waited long enough, and whose turn it is.

import { compareVersions } from '../kube/versions.ts';
import type { SharedPorts } from '../model/recorded.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import { movesText } from './moving-ports.ts';
import type { FoundShadow } from './shadow-reading.ts';

/** Times of a move, in milliseconds, and how many are made at a time. */
export interface MoveTiming {
  /** How often it is looked how far proxies are, while something moves. */
  readonly lookMs: number;
  /** How many shadow Services take their next step at a look: what watches them, on every node, has to keep up. */
  readonly batch: number;
  /**
   * How long all proxies have served the new port before callers are sent there: a proxy that is between two replicas is
   * known to none of them.
   */
  readonly settleMs: number;
  /** How long the old port is served when callers are sent there no more: longer than they may keep a connection unused. */
  readonly leaveMs: number;
}

/** Envoy closes a connection of callers that has been unused for ten minutes (translate/http-manager.ts). */
export const usualMoveTiming: MoveTiming = {
  lookMs: 1_000,
  batch: 50,
  settleMs: 10_000,
  leaveMs: 11 * 60_000,
};

const waitsForPods =
  'Services go on sharing mesh ports until all ready pods of proxies are connected and open all mesh ports';
const goesOn =
  'All ready pods of proxies are connected and open all mesh ports: services leave those that they share';

/**
 * Looks again and again how far proxies are while something moves, until the signal aborts.
 *
 * @param options.acknowledged - the version of the shadow Services that the proxies of all replicas have acknowledged;
 * undefined: not known.
 * @param options.areProxiesKnown - whether those are all that callers may be sent to; nothing moves while they are not.
 * @param options.onTurn - told the names of the shadow Services whose turn it is to take their next step.
 */
export async function runMoves(
  moves: Moves,
  options: {
    readonly acknowledged: (signal: AbortSignal) => Promise<string | undefined>;
    readonly areProxiesKnown?: () => boolean;
    readonly onTurn: (name: string) => void;
    readonly log: Log;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { acknowledged, areProxiesKnown = () => true, onTurn, log, clock, signal } = options;
  let wereKnown = true;
  while (!signal.aborted) {
    if (!moves.isEmpty) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const through = await acknowledged(signal);
      const areKnown = areProxiesKnown();
      if (through !== undefined && areKnown) moves.settled(through);
      if (areKnown !== wereKnown) log.info(areKnown ? goesOn : waitsForPods);
      wereKnown = areKnown;
      if (areKnown) for (const name of moves.takeTurns()) onTurn(name);
    }
    // oxlint-disable-next-line no-await-in-loop -- waiting is the point
    await sleep(moves.lookMs, { clock, signal });
  }
}

interface Waiting {
  /** What is moving. */
  readonly moves: string;
  /** The version of the shadow Service that said so first. */
  readonly version: string;
  /** When all proxies had acknowledged that version, by the clock; undefined before. */
  readonly settledAt: number | undefined;
}

/** The moves on record. Whoever begins to lead begins with none: what it finds waits its whole time once more. */
export class Moves {
  readonly #clock: Clock;
  readonly #timing: MoveTiming;
  /** By the name of the shadow Service: those of which callers are sent to a port that they are to leave. */
  readonly #waiting = new Map<string, Waiting>();
  /** By the shared port that they come from: names of shadow Services of which callers are sent to their own ports. */
  readonly #gone = new Map<number, Set<string>>();
  readonly #fromOf = new Map<string, readonly number[]>();
  /** Names whose turn has come for the step that is next. */
  readonly #mayGo = new Set<string>();
  /** Since when callers are sent to a shared port no more, by the clock. */
  readonly #leftAt = new Map<number, number>();

  constructor(clock: Clock, timing: MoveTiming) {
    this.#clock = clock;
    this.#timing = timing;
  }

  /** How often it is to be looked how far proxies are. */
  get lookMs(): number {
    return this.#timing.lookMs;
  }

  /** Whether nothing moves. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#gone.size === 0;
  }

  /** Takes in what a shadow Service says now, the latest version each time; one that is gone has no ports. */
  see({ name, resourceVersion, ports }: Pick<FoundShadow, 'name' | 'resourceVersion' | 'ports'>): void {
    this.#forget(name);
    const moves = movesText(ports);
    const isWaiting = ports.some(({ meshPort, move }) => move?.from === meshPort);
    if (moves === undefined || !isWaiting) {
      this.#waiting.delete(name);
      this.#mayGo.delete(name);
    } else if (this.#waiting.get(name)?.moves !== moves) {
      this.#mayGo.delete(name);
      this.#waiting.set(name, { moves, version: resourceVersion, settledAt: undefined });
    }
    if (isWaiting) return;
    const from = ports.flatMap(({ move }) => (move === undefined ? [] : [move.from]));
    for (const port of from) this.#gone.set(port, (this.#gone.get(port) ?? new Set()).add(name));
    if (from.length > 0) this.#fromOf.set(name, from);
  }

  /** Takes in which mesh ports are shared now. */
  share(shared: SharedPorts): void {
    const now = this.#clock.now();
    for (const port of this.#leftAt.keys()) if (shared.get(port)?.isLeft !== true) this.#leftAt.delete(port);
    for (const { port, isLeft } of shared.values()) {
      if (isLeft && !this.#leftAt.has(port)) this.#leftAt.set(port, now);
    }
  }

  /** Says up to which version of shadow Services all proxies have acknowledged what they are told. */
  settled(through: string): void {
    const settledAt = this.#clock.now();
    for (const [name, waiting] of this.#waiting) {
      const order = compareVersions(waiting.version, through);
      const isSettled = order !== undefined && order <= 0;
      if (waiting.settledAt === undefined && isSettled) this.#waiting.set(name, { ...waiting, settledAt });
    }
  }

  /** Names of the shadow Services whose turn it is now to take their next step; each is named once for a step. */
  takeTurns(): readonly string[] {
    const turns: string[] = [];
    for (const name of this.#ready()) {
      if (turns.length >= this.#timing.batch) break;
      turns.push(name);
    }
    for (const name of turns) this.#mayGo.add(name);
    return turns;
  }

  /** Whether callers of the shadow Service of this name may be sent to where its ports move. */
  maySwitch(name: string): boolean {
    return this.#mayGo.has(name);
  }

  /** Whether no caller comes to this shared port any more. */
  isDeserted(port: number): boolean {
    const leftAt = this.#leftAt.get(port);
    return leftAt !== undefined && leftAt + this.#timing.leaveMs <= this.#clock.now();
  }

  *#ready(): Generator<string, void, undefined> {
    const settledBy = this.#clock.now() - this.#timing.settleMs;
    for (const [name, { settledAt = Infinity }] of this.#waiting) {
      if (settledAt <= settledBy && !this.#mayGo.has(name)) yield name;
    }
    for (const [port, names] of this.#gone) {
      if (!this.isDeserted(port)) continue;
      for (const name of names) if (!this.#mayGo.has(name)) yield name;
    }
  }

  #forget(name: string): void {
    for (const port of this.#fromOf.get(name) ?? []) {
      const names = this.#gone.get(port);
      names?.delete(name);
      if (names?.size === 0) this.#gone.delete(port);
    }
    this.#fromOf.delete(name);
  }
}
