// The metrics of work queues: what client-go's report of its queues (k8s.io/component-base/metrics/prometheus/workqueue).

import type { QueueObserver, QueueState } from '../../runtime/queue-observer.ts';
import type { MetricRegistry } from './metric-registry.ts';

/** The queues that there are, as the label `queue` names them. */
const queues = ['shadow-services', 'events', 'statuses'] as const;

/** Name of a queue. */
export type QueueName = (typeof queues)[number];

/** Metrics of all queues. One that doesn't run, as on replicas that don't lead, is empty. */
export class QueueMetrics {
  readonly #states = new Map<QueueName, () => QueueState>();
  readonly #adds;
  readonly #retries;
  readonly #waits;
  readonly #works;

  constructor(registry: MetricRegistry) {
    this.#adds = registry.counter('queueAdds');
    this.#retries = registry.counter('queueRetries');
    this.#waits = registry.histogram('queueWait');
    this.#works = registry.histogram('queueWork');
    for (const queue of queues) {
      for (const counter of [this.#adds, this.#retries]) counter.inc({ queue }, 0);
      for (const histogram of [this.#waits, this.#works]) histogram.zero({ queue });
    }
    const gauge = (key: Parameters<MetricRegistry['gauge']>[0], of: (state: QueueState) => number): void =>
      registry.gauge(key, (set) => {
        for (const queue of queues) {
          const state = this.#states.get(queue)?.();
          set.set({ queue }, state === undefined ? 0 : of(state));
        }
      });
    gauge('queueWaiting', ({ waiting }) => waiting);
    gauge('queueUnfinished', ({ unfinishedMs }) => unfinishedMs / 1000);
    gauge('queueLongest', ({ longestMs }) => longestMs / 1000);
  }

  /** The observer for a queue of this name; of those that have had one name, the newest counts. */
  observer(queue: QueueName): QueueObserver {
    return {
      observes: (state) => this.#states.set(queue, state),
      added: () => this.#adds.inc({ queue }),
      taken: (waitedMs) => this.#waits.observe({ queue }, waitedMs / 1000),
      done: (workedMs) => this.#works.observe({ queue }, workedMs / 1000),
      retried: () => this.#retries.inc({ queue }),
    };
  }
}
