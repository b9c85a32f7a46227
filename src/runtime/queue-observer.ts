// What a work queue tells about itself: events for counters and histograms, and its state for gauges, which are read
// when somebody asks. They carry what client-go's workqueue metrics do (k8s.io/component-base/metrics/prometheus/workqueue).

/** Told what happens in a work queue, within the call that makes it happen: it must be quick, and throw nothing. */
export interface QueueObserver {
  /** There is a queue that tells this observer from now on. Its state may be asked for at any time, when it has ended too. */
  observes(state: () => QueueState): void;
  /** A key began to wait (`workqueue_adds_total`); not told of one that waits already. */
  added(): void;
  /** A key was taken after it had waited so long (`workqueue_queue_duration_seconds`). */
  taken(waitedMs: number): void;
  /** A key was done with after so long (`workqueue_work_duration_seconds`). */
  done(workedMs: number): void;
  /** A key was put back because it failed (`workqueue_retries_total`, which counts delays of other reasons as well). */
  retried(): void;
}

/** A work queue at one moment. */
export interface QueueState {
  /** Keys that wait (`workqueue_depth`), those included that are being processed and were added again. */
  readonly waiting: number;
  /** Keys that are being processed. */
  readonly processing: number;
  /** Delays under way; a key that waits for a time and for a retry has two. */
  readonly delayed: number;
  /** How long all that is being processed has been, added up (`workqueue_unfinished_work_seconds`). */
  readonly unfinishedMs: number;
  /** How long the oldest of it has been (`workqueue_longest_running_processor_seconds`); a big number is a hung worker. */
  readonly longestMs: number;
}

/** An observer that nobody listens to. */
export const silentQueueObserver: QueueObserver = {
  observes() {},
  added() {},
  taken() {},
  done() {},
  retried() {},
};
