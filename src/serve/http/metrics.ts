// The metrics of a running Maesh, in Prometheus' text format. What happens is told to it as it happens; what is the case
// (sizes, problems, ports) is looked up when somebody asks, so that it costs nothing in between and is never out of date.

import type { Gauge } from 'prom-client';

import type { PortRanges, PortTable } from '../../model/ports.ts';
import type { Problem } from '../../model/problem.ts';
import type { Topology, TrafficType } from '../../model/topology.ts';
import type { QueueObserver } from '../../runtime/queue-observer.ts';
import { typeUrls } from '../../translate/resources.ts';
import type { AckEvent, NackEvent, PushEvent } from '../xds/observer.ts';
import { countMeshPorts } from './mesh-ports.ts';
import { MetricRegistry } from './metric-registry.ts';
import { QueueMetrics, type QueueName } from './queue-metrics.ts';

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

/** Short name of each type of resource; whatever else a proxy may name counts as `other`. */
const typeLabels: ReadonlyMap<string, string> = new Map(
  Object.entries(typeUrls).map(([label, typeUrl]) => [typeUrl, label]),
);

/** All metrics of a mesh. */
export class Metrics {
  readonly #registry = new MetricRegistry();
  readonly #buildDuration = this.#registry.histogram('buildDuration');
  readonly #pushes = this.#registry.counter('pushes');
  readonly #pushedResources = this.#registry.counter('pushedResources');
  readonly #pushedBytes = this.#registry.counter('pushedBytes');
  readonly #ackDuration = this.#registry.histogram('ackDuration');
  readonly #nacks = this.#registry.counter('nacks');
  readonly #envoyRestarts = this.#registry.counter('envoyRestarts');
  readonly #dnsQueries = this.#registry.counter('dnsQueries');
  readonly #queues = new QueueMetrics(this.#registry);

  constructor(sources: MetricSources) {
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

  /** The observer of a work queue of this name. */
  queueObserver(queue: QueueName): QueueObserver {
    return this.#queues.observer(queue);
  }

  /** All metrics as they are now, in Prometheus' text format 0.0.4. */
  async text(): Promise<string> {
    return await this.#registry.text();
  }

  #addLookedUp(sources: MetricSources): void {
    this.#registry.gauge('connectedProxies', (gauge) => gauge.set(sources.connectedProxies()));
    this.#registry.gauge('queueDepth', (gauge) => gauge.set(sources.queueDepth()));
    this.#registry.gauge('problems', (gauge) => {
      const counts = Map.groupBy(sources.problems(), ({ code }) => code);
      gauge.reset();
      for (const [code, problems] of counts) gauge.set({ code }, problems.length);
    });
    this.#registry.gauge('meshPorts', (gauge) => {
      const ports = sources.ports();
      for (const traffic of trafficTypes) {
        const { used, resting, free } = countMeshPorts(ports, traffic);
        gauge.set({ traffic, state: 'used' }, used);
        gauge.set({ traffic, state: 'resting' }, resting);
        gauge.set({ traffic, state: 'free' }, free);
      }
    });
  }

  #addTopology(topology: () => Topology | undefined): void {
    this.#registry.gauge('services', (gauge) => gauge.set(topology()?.services.size ?? 0));
    this.#registry.gauge('servicePorts', (gauge) => setByTraffic(gauge, topology(), () => 1));
    this.#registry.gauge('endpoints', (gauge) => setByTraffic(gauge, topology(), (endpoints) => endpoints));
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
