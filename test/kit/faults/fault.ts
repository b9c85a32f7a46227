// What can go wrong between a controller and its API server, as data; and which of the faults that are in force a
// request meets.

import { Random } from '../mutations/random.ts';

/** A request to the API server, and what has become of it so far. */
export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
  /** Of the answer that the client was given; 0 while or where it was given none. */
  readonly status: number;
}

/** Which requests a fault is for. */
export type RequestFilter = (request: SeenRequest) => boolean;

/** What goes wrong. */
export type FaultKind =
  /** The server is not asked; the answer is a Status of this code. */
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterSeconds?: number }
  /**
   * The connection is reset: before the server is asked (`request`), when it has done what it was asked but before the
   * client knows (`answer`), or after so many bytes of the answer's body.
   */
  | { readonly kind: 'cut'; readonly at: 'request' | 'answer' | number }
  /** Nothing is said while the fault is in force: requests wait, answers and watches stop where they are, then go on. */
  | { readonly kind: 'stall' }
  /** Each request, each piece of an answer and each event of a watch waits so long after the one before it. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The server's bookmarks are kept back, but not the one that ends the initial events of a watch. */
  | { readonly kind: 'drop-bookmarks' }
  /**
   * A watch that is resumed begins with the last events that this client, or another with the same watch, was given up
   * to where it resumes. Events of one object stay in their order, those of different objects change places.
   */
  | { readonly kind: 'replay'; readonly events: number };

/** What goes wrong, for whom and how often. */
export type Fault = FaultKind & {
  /** All requests by default. */
  readonly when?: RequestFilter;
  /** How many requests meet it before it ends by itself; without limit by default. (Not for `stall`.) */
  readonly times?: number;
  /** How likely each request is to meet it, from 0 to 1; 1 by default. (Not for `stall`.) */
  readonly share?: number;
};

/** A fault in force, until it is disposed of. */
export interface FaultInForce extends Disposable {
  /** How many requests have met it. */
  readonly hits: number;
}

/** A fault of one kind. */
export type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { readonly kind: Kind }>;

/** The faults in force, oldest first. */
export class Faults {
  readonly #inForce = new Set<{ readonly fault: Fault; hits: number }>();
  readonly #random: Random;
  #changed = Promise.withResolvers<void>();

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Puts a fault in force. */
  add(fault: Fault): FaultInForce {
    const entry = { fault, hits: 0 };
    this.#inForce.add(entry);
    return {
      get hits() {
        return entry.hits;
      },
      [Symbol.dispose]: () => this.#end(entry),
    };
  }

  /** The oldest fault of a kind that a request meets; a fault with a number of times is met one time less then. */
  meet<Kind extends Fault['kind']>(kind: Kind, request: SeenRequest): FaultOf<Kind> | undefined {
    for (const entry of this.#inForce) {
      const { fault } = entry;
      if (fault.kind !== kind || !isFor(fault, request)) continue;
      if (fault.share !== undefined && !this.#random.chance(fault.share)) continue;
      entry.hits++;
      if (entry.hits === fault.times) this.#end(entry);
      return fault as FaultOf<Kind>;
    }
    return undefined;
  }

  /** Resolves when no stall holds a request up any more, or when its client has gone. */
  async unstalled(request: SeenRequest, gone: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    gone.addEventListener('abort', () => aborted.resolve());
    const stalls = (): boolean =>
      [...this.#inForce].some(({ fault }) => fault.kind === 'stall' && isFor(fault, request));
    while (!gone.aborted && stalls()) await Promise.race([this.#changed.promise, aborted.promise]);
  }

  /** Ends every fault. */
  clear(): void {
    for (const entry of this.#inForce) this.#end(entry);
  }

  #end(entry: { readonly fault: Fault; hits: number }): void {
    this.#inForce.delete(entry);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function isFor({ when }: Fault, request: SeenRequest): boolean {
  return when === undefined || when(request);
}
