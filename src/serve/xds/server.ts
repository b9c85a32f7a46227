// The delta ADS server: what was published, told to every proxy that asks, over gRPC.

import { logVerbosity, Server, ServerCredentials, setLogVerbosity, status } from '@grpc/grpc-js';
import { systemClock } from '../../runtime/clock.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Resources } from '../../translate/resources.ts';
import { addressText, ListenError } from '../listen-error.ts';
import { discoveryService } from './definition.ts';
import type { DeltaCall, DiscoveryHandlers, StateOfTheWorldCall } from './definition.ts';
import { PushEncoder } from './encode.ts';
import type { Rejection, XdsObserver } from './observer.ts';
import type { ConnectedProxy } from './proxy.ts';
import { Pump } from './pump.ts';
import { Session } from './session.ts';
import { SettledSequences } from './settled.ts';
import type { Snapshot } from './snapshot.ts';
import { Turns } from './turns.ts';
import type { TurnLimits } from './turns.ts';

const stateOfTheWorldAdvice =
  'Maesh serves the incremental protocol only: set api_type to DELTA_GRPC in dynamic_resources.ads_config of the bootstrap';

/** Settings of gRPC. An Envoy that takes in thousands of clusters may answer nothing, not even a ping, for seconds. */
const grpcOptions = {
  'grpc.keepalive_time_ms': 15_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // The first request of an Envoy that reconnects names everything that it has.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_send_message_length': -1,
};

/**
 * An Envoy that gets 5,000 clusters is silent for longer, but then it is the others' turn. Who answers at once is brought up to
 * date without a pause.
 */
const defaultTurns: TurnLimits = { count: 32, silenceMs: 500, longestMs: 30_000 };

/** What the server works with. */
export interface XdsServerOptions {
  readonly log: Log;
  /** The machine's own by default. */
  readonly clock?: Clock;
  /** Told of pushes, acknowledgements with their times, rejections, connects and disconnects. */
  readonly observer?: XdsObserver;
  /** How many proxies are brought up to date at a time; those that have been, once, are told of changes at any time. */
  readonly turns?: TurnLimits;
}

/**
 * Serves resources to any number of proxies. Nothing is sent before the first {@link publish}: a proxy that connects
 * earlier keeps what it has.
 */
export class XdsServer {
  readonly #server = new Server(grpcOptions);
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #observer: XdsObserver;
  readonly #sessions = new Set<Session>();
  readonly #settled = new SettledSequences<Session>();
  readonly #listeners = new Set<(sequence: number) => void>();
  readonly #pump: Pump<Session>;
  readonly #turns: Turns<Session>;
  readonly #encoder = new PushEncoder();
  #newest: Snapshot | undefined;
  #lastSettled = 0;
  #isClosing = false;

  constructor(options: XdsServerOptions) {
    // It would write to standard error in a form of its own what it tells us too.
    setLogVerbosity(logVerbosity.NONE);
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#observer = options.observer ?? {};
    this.#pump = new Pump(this.#clock, {
      work: (session) => this.#flush(session),
      idle: () => this.#rest(),
    });
    this.#turns = new Turns(this.#clock, options.turns ?? defaultTurns, {
      given: (session) => this.#pump.add(session),
      due: () => this.#pump.wake(),
    });
    const handlers: DiscoveryHandlers = {
      deltaAggregatedResources: (call) => this.#accept(call),
      streamAggregatedResources: (call) => this.#decline(call),
    };
    this.#server.addService(discoveryService, handlers);
  }

  /**
   * Begins to listen. Port 0 takes any free one.
   * @returns the port.
   * @throws ListenError where the address cannot be had.
   */
  async listen(address: { readonly host: string; readonly port: number }): Promise<number> {
    const { host, port } = address;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.bindAsync(
      addressText(host, port),
      ServerCredentials.createInsecure(),
      (error, boundPort) => {
        if (error === null) resolve(boundPort);
        else reject(ListenError.from(withSystemCode(error), { what: 'the proxies', host, port }));
      },
    );
    return promise;
  }

  /**
   * Makes these the resources that proxies are told of. Returns at once; proxies are told in the next turns of the
   * event loop.
   * @returns the sequence: 1 the first time, one more each time.
   */
  publish(resources: Resources): number {
    const sequence = (this.#newest?.sequence ?? 0) + 1;
    this.#newest = { sequence, resources };
    for (const session of this.#sessions) session.publish(this.#newest);
    this.#pump.wake();
    return sequence;
  }

  /** Proxies that have a stream open and have said who they are, in the order in which they connected. */
  proxies(): readonly ConnectedProxy[] {
    return [...this.#sessions].flatMap(({ proxy }) => proxy ?? []);
  }

  /** Everything that a connected proxy has rejected and not since accepted, by proxy in the order of {@link proxies}. */
  rejections(): readonly Rejection[] {
    return [...this.#sessions].flatMap((session) => session.rejections());
  }

  /**
   * The newest sequence of which every connected proxy has acknowledged everything, or rejected it for good; what was
   * published last where none is connected; 0 while a proxy has not had its first snapshot.
   */
  settledSequence(): number {
    return this.#settled.least ?? this.#newest?.sequence ?? 0;
  }

  /**
   * Calls `listener` each time when {@link settledSequence} has grown, with its new value, soon after.
   * @returns a function that ends it.
   */
  onSettled(listener: (sequence: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends every stream and stops to listen. What has not ended after `graceMs` (1,000 by default) is cut. */
  async close(graceMs = 1000): Promise<void> {
    this.#isClosing = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.tryShutdown(() => resolve());
    for (const session of this.#sessions) session.end();
    const timer = this.#clock.after(graceMs, () => this.#server.forceShutdown());
    await promise;
    timer.cancel();
    this.#turns.close();
  }

  #accept(call: DeltaCall): void {
    if (this.#isClosing) {
      call.end();
      return;
    }
    const session = new Session(call, {
      clock: this.#clock,
      log: this.#log,
      observer: this.#observer,
      encoder: this.#encoder,
      due: (one) => this.#pump.add(one),
      heard: (one) => this.#turns.heard(one),
      ended: (one) => this.#drop(one),
    });
    this.#sessions.add(session);
    // It may be a proxy that connects again, and uses what is to be settled.
    this.#settled.set(session, 0);
    if (this.#newest !== undefined) session.publish(this.#newest);
    this.#pump.add(session);
  }

  #decline(call: StateOfTheWorldCall): void {
    this.#log.warn('Proxy asks for the state-of-the-world protocol, which is not served', {
      peer: call.getPeer(),
    });
    call.emit('error', { code: status.UNIMPLEMENTED, details: stateOfTheWorldAdvice });
  }

  #flush(session: Session): void {
    const wasReady = session.isReady;
    if (!wasReady && !this.#turns.ask(session)) {
      session.hold();
      return;
    }
    session.start();
    session.flush();
    if (!this.#sessions.has(session)) return;
    this.#settled.set(session, session.acknowledged);
    if (wasReady || !session.isReady) return;
    this.#turns.end(session);
    if (session.proxy !== undefined) this.#observer.ready?.(session.proxy);
  }

  #drop(session: Session): void {
    this.#sessions.delete(session);
    this.#settled.delete(session);
    this.#pump.delete(session);
    this.#turns.end(session);
    this.#pump.wake();
  }

  #rest(): void {
    this.#turns.review();
    if (this.#turns.areOver) this.#encoder.forget();
    this.#tellSettled();
  }

  #tellSettled(): void {
    const before = this.#lastSettled;
    this.#lastSettled = this.settledSequence();
    if (this.#lastSettled <= before) return;
    for (const listener of this.#listeners) listener(this.#lastSettled);
  }
}

/** grpc-js puts the system's error into its message only. */
function withSystemCode(error: Error): Error {
  const [code] = /\bE[A-Z]{3,}\b/.exec(error.message) ?? [];
  return code === undefined ? error : Object.assign(new Error(error.message, { cause: error }), { code });
}
