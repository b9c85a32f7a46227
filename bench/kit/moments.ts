// What the controller under test notes, and how it is asked for it: the messages between it and the benchmark.

/** Something that has happened in the controller. */
export type MomentName =
  /** The program's own code begins to run: Node is there. */
  | 'booted'
  /** Bytes of a watch have come from the API server. */
  | 'received'
  /** The kernel has said that a file changed. */
  | 'noticed'
  /** Files are looked at: those that changed together have been gathered. */
  | 'looking'
  /** What the files say now is offered to the control loop. */
  | 'offered'
  /** The topology is built… */
  | 'building'
  /** …and there. */
  | 'built'
  /** The resources are there and are handed to the xDS server… */
  | 'publishing'
  /** …which has taken them. */
  | 'published'
  /** Resources were written to the proxy's stream. */
  | 'pushed'
  /** The proxy has acknowledged some. */
  | 'acknowledged'
  /** A proxy has acknowledged a whole snapshot, for the first time. */
  | 'current'
  /** Every connected proxy has acknowledged a snapshot. */
  | 'settled';

/** When it happened, in milliseconds of the clock that all processes of the machine share. */
export interface Moment {
  readonly name: MomentName;
  readonly at: number;
  /** Keys of objects, names of resources, a type, a node or a sequence number, as the moment has it. */
  readonly about?: readonly string[];
}

/** Memory of the controller by its own account, after a full garbage collection, in bytes. */
export interface HeapFigures {
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
  readonly rss: number;
}

/** `take`: give the moments since the last time. `collect`: collect garbage and give the figures. */
export type Question = 'take' | 'collect';

export type Answer =
  | { readonly to: 'take'; readonly moments: readonly Moment[] }
  | { readonly to: 'collect'; readonly heap: HeapFigures };
