// The metrics of a running Maesh, in Prometheus' text format. What happens is told to it as it happens; what is the case
// (sizes, problems, ports) is looked up when somebody asks, so that it costs nothing in between and is never out of date.

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { PortRanges, PortTable } from '../../model/ports.ts';
import type { Problem } from '../../model/problem.ts';
import { countNumbers } from '../../model/slots.ts';
import type { Topology, TrafficType } from '../../model/topology.ts';
import { typeUrls } from '../../translate/resources.ts';
import type { AckEvent, NackEvent, PushEvent } from '../xds/observer.ts';
import { metricTable, type MetricKey } from './metric-table.ts';

/** Stages of the pipeline, from objects to proxies. */
export type Stage = 'read' | 'model' | 'translate' | 'publish';

/** What is looked up when metrics are asked for. */
export interface MetricSources {
  topology(): Topology | undefined;
  problems(): readonly Problem[];
  ports(): { readonly table: PortTable; readonly ranges: PortRanges };
  connectedProxies(): number;
  /** Changed objects that wait. */
  queueDepth(): number;
}

const stages: readonly Stage[] = ['read', 'model', 'translate', 'publish'];
const trafficTypes: readonly TrafficType[] = ['http', 'tcp', 'udp'];

/** Durations worth telling apart: the aim is 100 ms from a change to the proxies. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Short name of each type of resource; whatever else a proxy may name counts as `other`. */
const typeLabels: ReadonlyMap<string, string> = new Map(
  Object.entries(typeUrls).map(([label, typeUrl]) => [typeUrl, label]),
);

/** Metrics in a registry of their own, those of the process (memory, CPU, event loop, garbage collection) included. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #buildDuration = this.#histogram('buildDuration');
  readonly #pushes = this.#counter('pushes');
  readonly #pushedResources = this.#counter('pushedResources');
  readonly #pushedBytes = this.#counter('pushedBytes');
  readonly #ackDuration = this.#histogram('ackDuration');
  readonly #nacks = this.#counter('nacks');
  readonly #envoyRestarts = this.#counter('envoyRestarts');
  readonly #dnsQueries = this.#counter('dnsQueries');

  constructor(sources: MetricSources) {
    collectDefaultMetrics({ register: this.#registry });
    this.#addLookedUp(sources);
    this.#addTopology(() => sources.topology());
    // A series that is there from the start shows its first increase.
    for (const stage of stages) this.#buildDuration.zero({ stage });
    for (const type of typeLabels.values()) {
      this.#ackDuration.zero({ type });
      for (const counter of [this.#pushes, this.#pushedBytes, this.#nacks]) counter.inc({ type }, 0);
      for (const change of ['set', 'removed']) this.#pushedResources.inc({ type, change }, 0);
    }
    this.#dnsQueries.inc({ rcode: 'NOERROR' }, 0);
  }

  /** A stage has done its part for a change. */
  stageTook(stage: Stage, durationMs: number): void {
    this.#buildDuration.observe({ stage }, durationMs / 1000);
  }

  /** A message was sent to a proxy. Of the xDS server's observer, as are the next two. */
  pushed(event: Pick<PushEvent, 'typeUrl' | 'resources' | 'removed' | 'bytes'>): void {
    const type = typeLabel(event.typeUrl);
    this.#pushes.inc({ type });
    this.#pushedResources.inc({ type, change: 'set' }, event.resources.length);
    this.#pushedResources.inc({ type, change: 'removed' }, event.removed.length);
    this.#pushedBytes.inc({ type }, event.bytes);
  }

  /** A proxy acknowledged a message. */
  acknowledged(event: Pick<AckEvent, 'typeUrl' | 'ms'>): void {
    this.#ackDuration.observe({ type: typeLabel(event.typeUrl) }, event.ms / 1000);
  }

  /** A proxy rejected a message. */
  rejected(event: Pick<NackEvent, 'typeUrl'>): void {
    this.#nacks.inc({ type: typeLabel(event.typeUrl) });
  }

  /** Envoy was started again after it had died. */
  envoyRestarted(): void {
    this.#envoyRestarts.inc();
  }

  /** A DNS query was answered with this code. */
  dnsAnswered(rcode: string): void {
    this.#dnsQueries.inc({ rcode });
  }

  /** All metrics as they are now, in Prometheus' text format 0.0.4. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  #addLookedUp(sources: MetricSources): void {
    this.#gauge('connectedProxies', (gauge) => gauge.set(sources.connectedProxies()));
    this.#gauge('queueDepth', (gauge) => gauge.set(sources.queueDepth()));
    this.#gauge('problems', (gauge) => {
      const counts = Map.groupBy(sources.problems(), ({ code }) => code);
      gauge.reset();
      for (const [code, problems] of counts) gauge.set({ code }, problems.length);
    });
    this.#gauge('meshPorts', (gauge) => {
      const { table, ranges } = sources.ports();
      for (const traffic of trafficTypes) {
        const used = table[traffic].assigned.size;
        const resting = table[traffic].resting.size;
        // A port that rests outside ranges which were narrowed takes none of those that can be given.
        const free = Math.max(0, countNumbers(ranges[traffic]) - used - resting);
        gauge.set({ traffic, state: 'used' }, used);
        gauge.set({ traffic, state: 'resting' }, resting);
        gauge.set({ traffic, state: 'free' }, free);
      }
    });
  }

  #addTopology(topology: () => Topology | undefined): void {
    this.#gauge('services', (gauge) => gauge.set(topology()?.services.size ?? 0));
    this.#gauge('servicePorts', (gauge) => setByTraffic(gauge, topology(), () => 1));
    this.#gauge('endpoints', (gauge) => setByTraffic(gauge, topology(), (endpoints) => endpoints));
  }

  #counter(key: MetricKey): Counter {
    return new Counter(this.#configuration(key));
  }

  #histogram(key: MetricKey): Histogram {
    return new Histogram({ ...this.#configuration(key), buckets });
  }

  #gauge(key: MetricKey, collect: (gauge: Gauge) => void): void {
    const gauge: Gauge = new Gauge({ ...this.#configuration(key), collect: () => collect(gauge) });
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

function typeLabel(typeUrl: string): string {
  return typeLabels.get(typeUrl) ?? 'other';
}

function setByTraffic(
  gauge: Gauge,
  topology: Topology | undefined,
  weigh: (endpoints: number) => number,
): void {
  const sums = { http: 0, tcp: 0, udp: 0 };
  for (const service of topology?.services.values() ?? []) {
    for (const port of service.ports) sums[port.traffic] += weigh(port.endpoints.length);
  }
  for (const traffic of trafficTypes) gauge.set({ traffic }, sums[traffic]);
}
