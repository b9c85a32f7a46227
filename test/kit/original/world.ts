// The objects as the original looked at them: what it found of what, and the ports of its proxies.

import type {
  KubeHttpMatch,
  KubeHttpRouteGroup,
  KubeObject,
  KubePod,
  KubeService,
  KubeServicePort,
  KubeTrafficSplit,
  KubeTrafficTarget,
} from '../../../src/model/objects.ts';
import type { TrafficType } from '../../../src/model/topology.ts';
import { readAnnotations, readTraffic, Unconfigured, type OriginalAnnotations } from './annotations.ts';

/** First entry point of each traffic type. HTTP services share theirs, by the place of a port in its Service. */
export const firstEntryPort = { http: 5000, tcp: 10_000, udp: 15_000 };

/** A service port with the entry point that stands for it. */
export interface EntryPort {
  readonly port: KubeServicePort;
  readonly traffic: TrafficType;
  readonly entryPort: number;
}

/** Name of the entry point of a port. */
export function entryPointName({ traffic, entryPort }: Pick<EntryPort, 'traffic' | 'entryPort'>): string {
  return `${traffic}-${entryPort}`;
}

/** What the original knew of a cluster. */
export class OriginalWorld {
  readonly services: ReadonlyMap<string, KubeService>;
  readonly splits: readonly KubeTrafficSplit[];
  readonly targets: readonly KubeTrafficTarget[];
  readonly #pods = new Map<string, KubePod>();
  readonly #groups = new Map<string, KubeHttpRouteGroup>();
  readonly #tcpRoutes: ReadonlySet<string>;
  readonly #podsOf = new Map<string, KubePod[]>();
  readonly #entryPorts = new Map<string, readonly EntryPort[]>();

  constructor(objects: readonly KubeObject[]) {
    const of = <K extends KubeObject['kind']>(kind: K): Array<Extract<KubeObject, { kind: K }>> =>
      objects.filter((object): object is Extract<KubeObject, { kind: K }> => object.kind === kind);
    this.services = new Map(of('Service').map((service) => [keyOf(service), service]));
    this.splits = of('TrafficSplit');
    this.targets = of('TrafficTarget');
    this.#tcpRoutes = new Set(of('TCPRoute').map(keyOf));
    for (const pod of of('Pod')) this.#pods.set(keyOf(pod), pod);
    for (const group of of('HTTPRouteGroup')) this.#groups.set(keyOf(group), group);
    for (const { namespace, service, endpoints } of of('EndpointSlice')) {
      const pods = endpoints
        .filter(({ ready }) => ready)
        .map(({ pod }) => this.#pods.get(`${namespace}/${pod}`))
        .filter((pod) => pod !== undefined);
      const known = this.#podsOf.get(`${namespace}/${service}`) ?? [];
      this.#podsOf.set(`${namespace}/${service}`, [...new Set([...known, ...pods])]);
    }
    this.#handOutPorts();
  }

  /** Ready pods behind a service. */
  podsOf(service: KubeService): readonly KubePod[] {
    return this.#podsOf.get(keyOf(service)) ?? [];
  }

  /** All pods of a service account. */
  podsOfAccount(namespace: string, account: string): readonly KubePod[] {
    return [...this.#pods.values()].filter(
      (pod) => pod.namespace === namespace && pod.serviceAccount === account,
    );
  }

  /** The ports of a service that proxies served. */
  entryPorts(service: KubeService): readonly EntryPort[] {
    return this.#entryPorts.get(keyOf(service)) ?? [];
  }

  /** Names of all entry points that some service has: `tcp-10000`. */
  entryPoints(): ReadonlySet<string> {
    return new Set([...this.#entryPorts.values()].flat().map(entryPointName));
  }

  /** What a service asked for; undefined where it stayed unconfigured. */
  annotationsOf(service: KubeService): OriginalAnnotations | undefined {
    return configured(() => readAnnotations(service));
  }

  /** Matches of an HTTPRouteGroup: those of the names given, or all. Undefined where one of them isn't there. */
  matchesOf(namespace: string, name: string, matches: readonly string[]): KubeHttpMatch[] | undefined {
    const group = this.#groups.get(`${namespace}/${name}`);
    if (group === undefined) return undefined;
    if (matches.length === 0) return [...group.matches];
    const found = matches.map((each) => group.matches.find((match) => match.name === each));
    return found.includes(undefined) ? undefined : found.filter((match) => match !== undefined);
  }

  hasTcpRoute(namespace: string, name: string): boolean {
    return this.#tcpRoutes.has(`${namespace}/${name}`);
  }

  /** HTTP ports by their place in the Service; TCP and UDP ports one after the other. */
  #handOutPorts(): void {
    const next = { ...firstEntryPort };
    for (const [key, service] of this.services) {
      const traffic = configured(() => readTraffic(service));
      if (traffic === undefined) continue;
      const protocol = traffic === 'udp' ? 'UDP' : 'TCP';
      const ports = service.ports.map((port, index) => ({ port, index }));
      const suitable = ports.filter(({ port }) => port.protocol === protocol);
      this.#entryPorts.set(
        key,
        suitable.map(({ port, index }) => ({
          port,
          traffic,
          entryPort: traffic === 'http' ? next.http + index : next[traffic]++,
        })),
      );
    }
  }
}

function configured<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unconfigured) return undefined;
    throw error;
  }
}

/** Where a pod answers for a service port; undefined where the port has a name that none of its containers has. */
export function targetOf(pod: KubePod, port: KubeServicePort): string | undefined {
  const { targetPort, protocol } = port;
  const number =
    typeof targetPort === 'number'
      ? targetPort
      : pod.containerPorts.find((each) => each.name === targetPort && each.protocol === protocol)?.port;
  const [ip] = pod.ips;
  return number === undefined || ip === undefined ? undefined : `${ip}:${number}`;
}

/** `namespace/name`. */
export function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
