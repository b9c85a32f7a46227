// What the server tells of itself as it happens, for metrics and tests.

import type { Resource } from '../../translate/resources.ts';
import type { ConnectedProxy, ProxyIdentity } from './proxy.ts';
import type { Rejected } from './subscription.ts';

/** Something about a proxy and one resource type. */
export interface XdsEvent {
  readonly proxy: ProxyIdentity;
  readonly typeUrl: string;
}

/** A response was sent. */
export interface PushEvent extends XdsEvent {
  /** The sequence that the stream works towards for this type. */
  readonly sequence: number;
  readonly resources: readonly Resource[];
  /** Names of resources that are gone. */
  readonly removed: readonly string[];
  /** Length of the encoded response. */
  readonly bytes: number;
}

/** A response was accepted. */
export interface AckEvent extends XdsEvent {
  readonly sequence: number;
  /** From sending the response to its answer. */
  readonly ms: number;
}

/** A response was rejected. */
export interface NackEvent extends XdsEvent {
  readonly sequence: number;
  readonly message: string;
  /** What is at fault; undefined while it is being looked for among several. */
  readonly rejected: Rejected | undefined;
}

/** A resource that a proxy does not accept: it goes on with the last one that it accepted, or without. */
export interface Rejection extends Rejected {
  /** Id of the proxy's node. */
  readonly node: string;
  readonly typeUrl: string;
}

/** Told of what happens. Calls come at once, one after the other, and must not throw. */
export interface XdsObserver {
  /** A proxy has opened a stream and said who it is. */
  connected?(proxy: ConnectedProxy): void;
  /** A proxy has acknowledged a whole snapshot, listeners included, for the first time on its stream. */
  ready?(proxy: ConnectedProxy): void;
  disconnected?(proxy: ConnectedProxy): void;
  pushed?(event: PushEvent): void;
  acknowledged?(event: AckEvent): void;
  rejected?(event: NackEvent): void;
}
