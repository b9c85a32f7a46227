// The source of a mesh in a cluster: what the API server has, followed by list and watch.

import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';

import type { Kind } from '../../model/objects.ts';
import type { ObjectChange, Offer } from '../../model/offer.ts';
import { byProblem, type Problem } from '../../model/problem.ts';
import type { ApiObject } from '../../kube/api-object.ts';
import type { KubeClient } from '../../kube/client.ts';
import { Reflector, type ReflectorTiming } from '../../kube/reflector.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { runTogether } from '../../runtime/run-together.ts';
import { kindParsers } from '../parse/kinds.ts';
import type { Parsed } from '../parse/parsed.ts';
import type { Source } from '../source.ts';
import { KindStore, type Reading } from './kind-store.ts';
import { askedNamespaces, fieldSelectorOf, isWatched, type NamespaceSettings } from './namespaces.ts';
import { withIdentity } from './with-identity.ts';

/** What a Kubernetes source follows. */
export interface KubernetesSourceOptions {
  readonly client: KubeClient;
  readonly namespaces: NamespaceSettings;
  readonly log: Log;
  readonly clock?: Clock;
  /** Times of the reflectors, other than the usual ones. */
  readonly timing?: Partial<ReflectorTiming>;
}

/**
 * Endpoints are not among them: the cluster mirrors those that people write into EndpointSlices. Those of the Service
 * Mesh Interface may come, go and be served in other versions while the mesh runs.
 */
export const followed: readonly Kind[] = [
  'Service',
  'EndpointSlice',
  'Pod',
  'TrafficSplit',
  'TrafficTarget',
  'HTTPRouteGroup',
  'TCPRoute',
  'UDPRoute',
];

/**
 * The mesh's own Services, of which there is one for each of the others, are no part of it (`model/ignore.ts`), and nor are
 * their EndpointSlices, which get the labels of their Service: each has all proxies of the mesh in it.
 */
const notOurs = 'app!=maesh';
const someAreOurs: ReadonlySet<Kind> = new Set(['Service', 'EndpointSlice']);

/**
 * Makes a source of the objects of an API server. Its first offer comes when every resource has been listed; whatever
 * happens to connection and server, what it offers after ends with what the server has. `run` rejects only for
 * defects of ours: a server that is away or refuses is waited for, and the log says for what.
 */
export function createKubernetesSource(options: KubernetesSourceOptions): Source {
  return {
    run(offer, signal) {
      // Events that came at the moment of the abort may still be on their way through a reflector.
      const offerUntilEnd = (what: Offer): void => {
        if (!signal.aborted) offer(what);
      };
      return new Run(options, offerUntilEnd).run(signal);
    },
  };
}

/** Which objects of which kind one reflector follows. */
interface Part {
  readonly store: KindStore;
  readonly reflector: Reflector<Parsed>;
}

class Run {
  readonly #offer: (offer: Offer) => void;
  readonly #log: Log;
  readonly #parts: readonly Part[];
  readonly #stores: readonly KindStore[];
  #waitingFor: number;
  /** What is known before everything is, by kind and key. */
  readonly #first = new Map<string, ObjectChange>();
  #problems: readonly Problem[] = [];

  constructor(options: KubernetesSourceOptions, offer: (offer: Offer) => void) {
    this.#offer = offer;
    this.#log = options.log;
    const namespaces = askedNamespaces(options.namespaces) ?? [undefined];
    this.#parts = followed.flatMap((kind) => {
      const store = new KindStore(kind);
      return namespaces.map((namespace) => ({
        store,
        reflector: this.#reflector(options, { kind, namespace, store }),
      }));
    });
    this.#stores = [...new Set(this.#parts.map(({ store }) => store))];
    this.#waitingFor = this.#parts.length;
  }

  async run(signal: AbortSignal): Promise<void> {
    const followAll = this.#parts.map(({ reflector }) => reflector.run.bind(reflector));
    if (followAll.length > 0) await runTogether(followAll, signal);
    else await this.#followNothing(signal);
  }

  /** Every namespace that is to be watched is to be ignored too. */
  async #followNothing(signal: AbortSignal): Promise<void> {
    this.#log.warn('Every namespace that is watched is also ignored: the mesh has no services');
    this.#offer({ changes: [], problems: [] });
    if (!signal.aborted) await once(signal, 'abort');
  }

  #reflector(
    { client, namespaces, log, clock, timing }: KubernetesSourceOptions,
    part: {
      readonly kind: Kind;
      readonly namespace: string | undefined;
      readonly store: KindStore;
    },
  ): Reflector<Parsed> {
    const { parse, group, plural, versions } = kindParsers[part.kind];
    return new Reflector<Parsed>({
      client,
      selection: {
        type: { group, plural, version: versions[0] },
        namespace: part.namespace,
        fieldSelector: fieldSelectorOf(namespaces),
        labelSelector: someAreOurs.has(part.kind) ? notOurs : undefined,
      },
      versions,
      decode: (object) =>
        isWatched(namespaceOf(object), namespaces) ? withIdentity(parse(object), object.metadata) : undefined,
      // Else of an object that was written again unchanged there would be two copies: the reflector's and the store's.
      isSame: isDeepStrictEqual,
      onSynced: (readings) => this.#synced(part.store, readings),
      onChanged: (readings) => this.#changed(part.store, readings),
      log,
      ...(clock !== undefined && { clock }),
      ...(timing !== undefined && { timing }),
    });
  }

  #synced(store: KindStore, readings: readonly Reading[]): void {
    this.#keep(store.take(readings).changes);
    this.#waitingFor -= 1;
    if (this.#waitingFor > 0) return;
    const changes = [...this.#first.values()];
    this.#first.clear();
    this.#problems = this.#allProblems();
    this.#offer({ changes, problems: this.#problems });
  }

  #changed(store: KindStore, readings: readonly Reading[]): void {
    const { changes, isProblemChange } = store.take(readings);
    if (this.#waitingFor > 0) {
      this.#keep(changes);
      return;
    }
    if (isProblemChange) this.#problems = this.#allProblems();
    if (changes.length > 0 || isProblemChange) this.#offer({ changes, problems: this.#problems });
  }

  /** Keeps changes for the first offer, in which what went before it has no place. */
  #keep(changes: readonly ObjectChange[]): void {
    for (const change of changes) {
      const name = `${change.kind} ${change.key}`;
      if (change.object === undefined) this.#first.delete(name);
      else this.#first.set(name, change);
    }
  }

  #allProblems(): readonly Problem[] {
    return this.#stores.flatMap((store) => [...store.problems()]).toSorted(byProblem);
  }
}

function namespaceOf({ metadata }: ApiObject): string {
  return metadata.namespace ?? '';
}
