// What a stream has to say to a client, and what it has to say about it.

import type { Resource } from '../../translate/resources.ts';
import type { Rejected } from './subscription.ts';

/** A response: resources that are new or changed, and names of those that are gone. */
export interface Push {
  readonly typeUrl: string;
  /** Which response an answer is to; unique on its stream. */
  readonly nonce: string;
  /** The sequence of the snapshot that the stream works towards for this type; shown, never compared. */
  readonly sequence: number;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
}

/** Where a stream's responses go. */
export interface Outlet {
  /** False while the client does not read what it was sent; the stream then waits to be flushed again. */
  readonly isWritable: boolean;
  write(push: Push): void;
}

/** What a stream tells of itself as it happens. */
export interface StreamEvents {
  accepted(push: Push, ms: number): void;
  /** `rejected` is undefined while it is not known yet which resource of the response is at fault. */
  refused(push: Push, message: string, rejected: Rejected | undefined): void;
  /** Something was sent although what it should have waited for has not happened. */
  impatient(waitedFor: string): void;
  /** The first request for a type that Maesh does not serve; it is answered that there is nothing. */
  unserved(typeUrl: string): void;
  /** The time has come to flush the stream. */
  due(): void;
}
