// Makes metrics as the table says what they are, and writes them all out.

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { metricTable, type MetricKey } from './metric-table.ts';

/** Durations worth telling apart: the aim is 100 ms from a change to the proxies. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of the table, and those of the process (memory, CPU, event loop, garbage collection). */
export class MetricRegistry {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  counter(key: MetricKey): Counter {
    return new Counter(this.#configuration(key));
  }

  /** Of durations, in seconds. */
  histogram(key: MetricKey): Histogram {
    return new Histogram({ ...this.#configuration(key), buckets });
  }

  /** @param collect - sets it, whenever somebody asks for metrics. */
  gauge(key: MetricKey, collect: (gauge: Gauge) => void): void {
    const gauge: Gauge = new Gauge({ ...this.#configuration(key), collect: () => collect(gauge) });
  }

  /** All metrics as they are now, in Prometheus' text format 0.0.4. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  #configuration(key: MetricKey): {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
    readonly registers: Registry[];
  } {
    const { name, help, labels } = metricTable[key];
    return { name, help, labelNames: labels, registers: [this.#registry] };
  }
}
