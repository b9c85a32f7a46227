// One gRPC call of one proxy, joined to the bookkeeping of its stream: reads its requests, writes what the stream has
// to say as fast as the proxy reads it, and tells log and observer.

import { status } from '@grpc/grpc-js';
import type { DeltaDiscoveryRequest } from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { defaultLimits } from './batch.ts';
import type { DeltaCall } from './definition.ts';
import type { PushEncoder } from './encode.ts';
import type { Rejection, XdsObserver } from './observer.ts';
import { identityOf, peerAddress } from './proxy.ts';
import type { ConnectedProxy, ProxyIdentity } from './proxy.ts';
import type { Outlet, Push } from './push.ts';
import type { Snapshot } from './snapshot.ts';
import { Stream } from './stream.ts';
import type { Rejected } from './subscription.ts';

/** See StreamOptions. As long as Envoy waits for what a resource needs by default (the initial fetch timeout). */
const patienceMs = 15_000;
const quietMs = 1000;
/** A response is written only when less than this waits to be read by the proxy. */
const maxUnreadBytes = 64 * 1024;

/** What a session needs of the server that it belongs to. */
export interface SessionHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: XdsObserver;
  readonly encoder: PushEncoder;
  /** The session has something to do: {@link Session.flush} it soon. */
  due(session: Session): void;
  /** The proxy has said something. */
  heard(session: Session): void;
  ended(session: Session): void;
}

/** A proxy's stream, from when it opens until it ends. */
export class Session implements Outlet {
  readonly #host: SessionHost;
  readonly #call: DeltaCall;
  readonly #stream: Stream;
  readonly #address: string;
  readonly #since = new Date();
  #log: Log;
  #identity: ProxyIdentity | undefined;
  #unreadBytes = 0;
  #isOpen = true;
  #isStarted = false;

  constructor(call: DeltaCall, host: SessionHost) {
    this.#call = call;
    this.#host = host;
    this.#address = peerAddress(call.getPeer());
    this.#log = host.log.with({ peer: this.#address });
    this.#stream = new Stream({
      clock: host.clock,
      limits: defaultLimits,
      patienceMs,
      quietMs,
      events: {
        accepted: (push, ms) => this.#accepted(push, ms),
        refused: (push, message, rejected) => this.#refused(push, { message, rejected }),
        impatient: (waitedFor) => {
          this.#log.warn('Proxy has not acknowledged in time what comes first, so the rest is sent without', {
            waitedFor,
          });
        },
        unserved: (typeUrl) =>
          this.#log.warn('Proxy asks for resources of a type that Maesh does not serve', { typeUrl }),
        due: () => host.due(this),
      },
    });
    call.on('cancelled', () => this.#close());
    call.on('error', (error: Error) => {
      this.#log.debug('Stream of a proxy failed', { error });
      this.#close();
    });
  }

  /** Begins to listen to the proxy. What it says before waits, mostly in the proxy itself. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#call.on('data', (request: DeltaDiscoveryRequest) => this.#guard(() => this.#receive(request)));
    this.#call.on('end', () => this.end());
  }

  /** Whether the proxy has ever had a whole snapshot. */
  get isReady(): boolean {
    return this.#stream.isReady;
  }

  /** The proxy; undefined before its first request. */
  get proxy(): ConnectedProxy | undefined {
    if (this.#identity === undefined) return undefined;
    return {
      ...this.#identity,
      address: this.#address,
      connectedSince: this.#since,
      acknowledged: this.#stream.acknowledged,
      ready: this.#stream.isReady,
    };
  }

  /** The newest sequence that the proxy has acknowledged; 0 before it has had any. */
  get acknowledged(): number {
    return this.#stream.acknowledged;
  }

  /** What the proxy has rejected and not since accepted. */
  rejections(): readonly Rejection[] {
    const node = this.#identity?.id ?? '';
    return [...this.#stream.subscriptions()].flatMap(({ typeUrl, rejected }) =>
      [...rejected.values()].map((one) => ({ ...one, node, typeUrl })),
    );
  }

  publish(snapshot: Snapshot): void {
    this.#stream.publish(snapshot);
    this.#host.due(this);
  }

  /** Sends what may be sent. */
  flush(): void {
    this.#guard(() => this.#stream.flush(this));
  }

  /** Says that nothing can be sent for now. */
  hold(): void {
    this.#stream.hold();
  }

  /** Whether the proxy keeps up with reading. */
  get isWritable(): boolean {
    return this.#isOpen && this.#unreadBytes < maxUnreadBytes;
  }

  /** Sends a response. */
  write(push: Push): void {
    const bytes = this.#host.encoder.encode(push);
    this.#unreadBytes += bytes.length;
    this.#call.write(bytes, () => {
      const wasWritable = this.isWritable;
      this.#unreadBytes -= bytes.length;
      if (!wasWritable && this.isWritable) this.#host.due(this);
    });
    const { typeUrl, sequence, resources, removed } = push;
    this.#log.debug('Sent resources', {
      typeUrl,
      sequence,
      resources: resources.length,
      removed: removed.length,
    });
    this.#host.observer.pushed?.({ ...this.#about(push), resources, removed, bytes: bytes.length });
  }

  /** Ends the stream in good order; the proxy connects again when it likes. */
  end(): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#call.end();
  }

  #receive(request: DeltaDiscoveryRequest): void {
    if (this.#identity === undefined) this.#identify(request);
    this.#stream.receive(request);
    this.#host.heard(this);
    this.#host.due(this);
  }

  /** Only the first request is sure to say who sends it. */
  #identify(request: DeltaDiscoveryRequest): void {
    this.#identity =
      request.node === undefined ? { id: '', cluster: '', adminPort: undefined } : identityOf(request.node);
    this.#log = this.#log.with({ node: this.#identity.id });
    this.#log.info('Proxy connected');
    const { proxy } = this;
    if (proxy !== undefined) this.#host.observer.connected?.(proxy);
  }

  #accepted(push: Push, ms: number): void {
    this.#host.observer.acknowledged?.({ ...this.#about(push), ms });
  }

  #refused(push: Push, { message, rejected }: { message: string; rejected: Rejected | undefined }): void {
    const { typeUrl } = push;
    if (rejected === undefined) {
      const size = push.resources.length + push.removed.length;
      this.#log.info('Proxy rejected resources, the one at fault is being looked for', {
        typeUrl,
        size,
        message,
      });
    } else {
      const { name, services } = rejected;
      this.#log.error('Proxy rejected a resource and goes on with the last good one', {
        typeUrl,
        name,
        services,
        message,
      });
    }
    this.#host.observer.rejected?.({ ...this.#about(push), message, rejected });
  }

  #about({ typeUrl, sequence }: Push): { proxy: ProxyIdentity; typeUrl: string; sequence: number } {
    return { proxy: this.#identity ?? { id: '', cluster: '', adminPort: undefined }, typeUrl, sequence };
  }

  /** A mistake of ours on one stream ends that stream, not the program; the proxy begins anew. */
  #guard(action: () => void): void {
    if (!this.#isOpen) return;
    try {
      action();
    } catch (error) {
      this.#log.error('Stream of a proxy is ended because of an internal error', { error });
      this.#close();
      this.#call.emit('error', { code: status.INTERNAL, details: 'internal error' });
    }
  }

  #close(): void {
    if (!this.#isOpen) return;
    const { proxy } = this;
    this.#isOpen = false;
    this.#stream.close();
    if (proxy !== undefined) {
      this.#log.info('Proxy disconnected');
      this.#host.observer.disconnected?.(proxy);
    }
    this.#host.ended(this);
  }
}
