// What the model costs while mesh ports come on record and services come and go: the model alone, by processor time.

import { TopologyBuilder } from '../../src/model/build.ts';
import { clusterPorts } from '../../src/model/ports.ts';
import { kubeService, put, take } from '../../test/kit/objects.ts';
import { machine, progress, report, table } from '../kit/report.ts';

/** Shadow Services that come between two builds. */
const batches = [1, 20];
/** Services that are deleted and added again, one by one. */
const churned = 1000;

const service = (n: number): ReturnType<typeof kubeService> =>
  kubeService({
    name: `s${n}`,
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  });
const keysOf = (n: number): readonly string[] => [`store/s${n}/80`, `store/s${n}/81`];

/** A model whose every mesh port is on record as soon as {@link Cluster.record} is called. */
class Cluster {
  readonly #builder = new TopologyBuilder({ defaultMode: 'http', ports: clusterPorts, addresses: undefined });
  readonly #recorded = new Map<string, number>();

  constructor(size: number) {
    this.#builder.record(this.#recorded);
    const changes = Array.from({ length: size }, (_, n) => put(service(n)));
    this.#builder.apply({ changes, problems: [] });
    this.#builder.build();
  }

  /** The shadow Services of these are as they should be by now. */
  record(services: readonly number[]): void {
    const changed = services.flatMap(keysOf);
    const { assigned } = this.#builder.allocation.ports.http;
    for (const key of changed) {
      const port = assigned.get(key);
      if (port === undefined) this.#recorded.delete(key);
      else this.#recorded.set(key, port);
    }
    this.#builder.record(this.#recorded, { changed });
    this.#builder.build();
  }

  /** A service goes and comes again, its shadow Service after it: four builds. */
  churn(n: number): void {
    for (const change of [take(service(n)), put(service(n))]) {
      this.#builder.apply({ changes: [change], problems: [] });
      this.#builder.build();
      this.record([n]);
    }
    const { http, tcp, udp } = this.#builder.allocation.ports;
    const ports = { http: [...http.resting], tcp: [...tcp.resting], udp: [...udp.resting] };
    this.#builder.release({ ports, addresses: [] });
  }
}

/** Measures at every size. */
export async function record({ sizes }: { readonly sizes: readonly number[] }): Promise<void> {
  const on = await machine();
  const figures = sizes.map((services) => ({ services, ...atSize(services) }));
  const head = ['services of two ports', 'builds', 'CPU ms', 'CPU ms a build'];
  const rows = figures.flatMap(({ services, parts }) =>
    parts.map(({ what, builds, cpuMs }) => [`${services}: ${what}`, builds, cpuMs, cpuMs / builds]),
  );
  await report('record', { machine: on, tables: [table(head, rows)], figures });
}

interface Part {
  readonly what: string;
  readonly builds: number;
  readonly cpuMs: number;
}

function atSize(size: number): { readonly parts: readonly Part[] } {
  progress(`record: ${size} services`);
  const installs = batches.map((batch): Part => {
    const cluster = new Cluster(size);
    const builds = Math.ceil(size / batch);
    const cpuMs = cpuMsOf(() => {
      for (let first = 0; first < size; first += batch) {
        cluster.record(Array.from({ length: Math.min(batch, size - first) }, (_, n) => first + n));
      }
    });
    return { what: `shadow Services come, ${batch} at a time`, builds, cpuMs };
  });
  const cluster = new Cluster(size);
  cluster.record(Array.from({ length: size }, (_, n) => n));
  const cpuMs = cpuMsOf(() => {
    for (let n = 0; n < churned; n++) cluster.churn((n * 7) % size);
  });
  return { parts: [...installs, { what: 'one is deleted and added', builds: 4 * churned, cpuMs }] };
}

function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
