// How long a file source waits for what.

import type { QueueTiming } from './change-queue.ts';
import type { ScanTiming } from './file-tracker.ts';

/** How long the source waits for what, in milliseconds. */
export type FileTiming = QueueTiming & ScanTiming;

/** The usual times. */
export const defaultTiming: FileTiming = {
  quietMs: 5,
  ceilingMs: 50,
  writingMs: 1_000,
  goneMs: 50,
  emptyMs: 3_000,
  rescanMs: 60_000,
  pollMs: 1_000,
};
