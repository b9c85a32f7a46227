/** Flags of Node for the controller; see heap-flags.mjs. */
export declare const heapFlags: readonly string[];
