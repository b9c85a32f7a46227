// Pods by the labels that selectors ask for. A namespace is indexed when the first selector asks: in a cluster whose
// services all have EndpointSlices, which is the rule, nobody does and it costs nothing.

import { objectKey, type ObjectKey } from './key.ts';
import { addTo, removeFrom } from './maps.ts';
import type { KubePod } from './objects.ts';

type Labels = Readonly<Record<string, string>>;

/** Whether the labels hold every pair of the selector. An empty selector matches nothing, as in a Service. */
export function matchesSelector(labels: Labels, selector: Labels): boolean {
  const pairs = Object.entries(selector);
  return pairs.length > 0 && pairs.every(([name, value]) => labels[name] === value);
}

/** All pods, found by key or by selector. */
export class PodIndex {
  readonly #pods = new Map<ObjectKey, KubePod>();
  readonly #podsOfNamespace = new Map<string, Set<KubePod>>();
  /** Namespace → label pair → pods; only for namespaces of which a selector was asked. */
  readonly #pairs = new Map<string, Map<string, Set<KubePod>>>();

  get(key: ObjectKey): KubePod | undefined {
    return this.#pods.get(key);
  }

  /** Puts a pod in the place of the one with its key, or takes it away where it is undefined. */
  set(key: ObjectKey, pod: KubePod | undefined): void {
    const old = this.#pods.get(key);
    if (old !== undefined) this.#remove(key, old);
    if (pod !== undefined) this.#add(pod);
  }

  /** Pods of a namespace that a selector matches, in no particular order. */
  *matching(namespace: string, selector: Labels): Generator<KubePod> {
    const pairs = this.#pairsOf(namespace);
    let fewest: ReadonlySet<KubePod> | undefined;
    for (const [name, value] of Object.entries(selector)) {
      const pods = pairs.get(pairOf(name, value));
      if (pods === undefined) return;
      if (fewest === undefined || pods.size < fewest.size) fewest = pods;
    }
    for (const pod of fewest ?? []) if (matchesSelector(pod.labels, selector)) yield pod;
  }

  #pairsOf(namespace: string): Map<string, Set<KubePod>> {
    const known = this.#pairs.get(namespace);
    if (known !== undefined) return known;
    const pairs = new Map<string, Set<KubePod>>();
    this.#pairs.set(namespace, pairs);
    for (const pod of this.#podsOfNamespace.get(namespace) ?? []) addPairs(pairs, pod);
    return pairs;
  }

  #add(pod: KubePod): void {
    this.#pods.set(objectKey(pod.namespace, pod.name), pod);
    addTo(this.#podsOfNamespace, pod.namespace, pod);
    const pairs = this.#pairs.get(pod.namespace);
    if (pairs !== undefined) addPairs(pairs, pod);
  }

  #remove(key: ObjectKey, pod: KubePod): void {
    this.#pods.delete(key);
    removeFrom(this.#podsOfNamespace, pod.namespace, pod);
    const pairs = this.#pairs.get(pod.namespace);
    if (pairs === undefined) return;
    for (const [name, value] of Object.entries(pod.labels)) removeFrom(pairs, pairOf(name, value), pod);
  }
}

function addPairs(pairs: Map<string, Set<KubePod>>, pod: KubePod): void {
  for (const [name, value] of Object.entries(pod.labels)) addTo(pairs, pairOf(name, value), pod);
}

function pairOf(name: string, value: string): string {
  // Neither a label's name nor its value can hold `=`.
  return `${name}=${value}`;
}
