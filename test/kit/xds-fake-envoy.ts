// An Envoy as far as a stream can tell: what it asks for and when, what it warms, what it acknowledges and what it
// rejects, as observed of the real one (test/system). It checks what a real one only suffers from: that everything
// which it uses is there.

import assert from 'node:assert/strict';

import type { Push } from '../../src/serve/xds/push.ts';
import type { DeltaRequest } from '../../src/serve/xds/request.ts';
import { assignmentOf } from '../../src/serve/xds/assignment.ts';
import { typeUrls } from '../../src/translate/resources.ts';
import type { Resource } from '../../src/translate/resources.ts';

/** What routes and listeners of the test name; bad ones are rejected. */
export interface Meaning {
  readonly clusters: readonly string[];
  readonly routes: readonly string[];
  readonly isBad: boolean;
}

/** When it acknowledges clusters: Envoy waits until none warms, except while it starts; other clients don't. */
export type Patience = 'acknowledges warm clusters' | 'acknowledges at once';

type Use = 'checks what it uses' | 'uses what it gets';

interface Live {
  readonly version: string;
  readonly resource: Resource;
}

const { cluster: cds, endpoints: eds, listener: lds, routes: rds } = typeUrls;

export class FakeEnvoy {
  readonly outbox: DeltaRequest[] = [];
  readonly active: Map<string, Live> = new Map<string, Live>();
  readonly warming: Map<string, Live> = new Map<string, Live>();
  readonly listeners: Map<string, Live> = new Map<string, Live>();
  readonly routes: Map<string, Live> = new Map<string, Live>();
  readonly endpoints: Map<string, Live> = new Map<string, Live>();
  /** What it has rejected, `name version`. */
  readonly rejected: Set<string> = new Set<string>();
  readonly #meaning: (resource: Resource) => Meaning;
  readonly #use: Use;
  readonly #patience: Patience;
  readonly #noted = new Map<string, Map<string, string>>(
    [cds, eds, lds, rds].map((type) => [type, new Map<string, string>()]),
  );
  /** Acknowledgements of clusters wait until no cluster warms any more, and with them every request about clusters. */
  readonly #held: DeltaRequest[] = [];
  readonly #opened = new Set<string>();
  #isStarted = false;

  constructor(
    meaning: (resource: Resource) => Meaning,
    how: { readonly use: Use; readonly patience: Patience },
  ) {
    this.#meaning = meaning;
    this.#use = how.use;
    this.#patience = how.patience;
  }

  /** Opens a stream: asks for every type that it has asked for before, clusters in any case. */
  connect(): void {
    this.outbox.length = 0;
    this.#held.length = 0;
    const before = [...this.#opened];
    this.#opened.clear();
    this.#endFetch();
    this.#ask(cds, []);
    for (const typeUrl of before) if (typeUrl !== cds) this.#ask(typeUrl, this.#interest(typeUrl));
    if (this.#isStarted) this.#ask(lds, []);
  }

  /** Forgets everything, as a process that starts. */
  restart(): void {
    for (const map of [this.active, this.warming, this.listeners, this.routes, this.endpoints]) map.clear();
    for (const noted of this.#noted.values()) noted.clear();
    this.#opened.clear();
    this.#isStarted = false;
    this.rejected.clear();
  }

  read(push: Push): void {
    const bad = push.resources.filter((resource) => this.#meaning(resource).isBad);
    for (const { name, version } of bad) this.rejected.add(`${name} ${version}`);
    this.#take(push, bad);
    if (bad.length === 0) this.#note(push);
    const error = bad.length === 0 ? undefined : 'bad resource';
    const answer = this.#request(push.typeUrl, { nonce: push.nonce, error });
    if (push.typeUrl === cds) this.#held.push(answer);
    else this.outbox.push(answer);
    this.#release();
    this.check();
    // A fresh Envoy asks for listeners when its first clusters are there.
    this.#isStarted = true;
    if (!this.#opened.has(lds) && this.warming.size === 0) this.#ask(lds, []);
  }

  #take({ typeUrl, resources, removed }: Push, bad: readonly Resource[]): void {
    const good = resources.filter((resource) => !bad.includes(resource));
    if (typeUrl === cds) this.#takeClusters(good, removed);
    else if (typeUrl === eds) this.#takeEndpoints(good, bad.length > 0 ? 'all' : removed);
    else if (typeUrl === lds) this.#takeListeners(good, removed);
    else this.#takeRoutes(good);
  }

  #note({ typeUrl, resources, removed }: Push): void {
    for (const { name, version } of resources) this.#notedOf(typeUrl).set(name, version);
    for (const name of removed) this.#notedOf(typeUrl).delete(name);
  }

  /** Asserts that every cluster that a route in use names is there, with endpoints. */
  check(): void {
    if (this.#use === 'uses what it gets') return;
    for (const [listener, { resource }] of this.listeners) {
      for (const route of this.#meaning(resource).routes) {
        const routes = this.routes.get(route);
        if (routes === undefined) continue;
        for (const name of this.#meaning(routes.resource).clusters) {
          const live = this.active.get(name);
          const what = `${listener} uses ${name} by ${route} ${routes.version}`;
          assert.ok(live !== undefined, `${what}, which is not there`);
          assert.ok(this.endpoints.has(assignmentOf(live.resource) ?? ''), `${what}, which has no endpoints`);
        }
      }
    }
  }

  /**
   * The initial fetch timeout ends warming when the stream is cut, sooner or later; here at once. And what the Envoy
   * applied of a response that it rejected it has not noted: no server can know of it, so it is left out here.
   */
  #endFetch(): void {
    for (const [name, live] of this.warming) this.active.set(name, live);
    this.warming.clear();
    for (const [typeUrl, map] of [
      [cds, this.active],
      [eds, this.endpoints],
      [lds, this.listeners],
      [rds, this.routes],
    ] as const) {
      this.#forgetWhere(typeUrl, map, (name, version) => this.#notedOf(typeUrl).get(name) !== version);
    }
    for (const [typeUrl, map] of [
      [eds, this.endpoints],
      [rds, this.routes],
    ] as const) {
      const interest = new Set(this.#interest(typeUrl));
      this.#forgetWhere(typeUrl, map, (name) => !interest.has(name));
    }
  }

  #forgetWhere(
    typeUrl: string,
    map: Map<string, Live>,
    isLost: (name: string, version: string) => boolean,
  ): void {
    for (const [name, { version }] of map) {
      if (!isLost(name, version)) continue;
      map.delete(name);
      this.#notedOf(typeUrl).delete(name);
    }
  }

  #notedOf(typeUrl: string): Map<string, string> {
    return this.#noted.get(typeUrl) ?? assert.fail(`${typeUrl} is not a type that Envoy asks for here`);
  }

  #takeClusters(resources: readonly Resource[], removed: readonly string[]): void {
    for (const resource of resources) {
      const { name, version } = resource;
      if ((this.warming.get(name) ?? this.active.get(name))?.version === version) continue;
      const assignment = assignmentOf(resource);
      if (assignment === undefined) this.active.set(name, { version, resource });
      else {
        const isWatched = this.#interest(eds).includes(assignment);
        this.warming.set(name, { version, resource });
        if (!isWatched) this.#ask(eds, [assignment]);
      }
    }
    for (const name of removed) {
      const watched = this.#interest(eds);
      this.active.delete(name);
      this.warming.delete(name);
      const left = this.#interest(eds);
      for (const assignment of watched) if (!left.includes(assignment)) this.#drop(eds, assignment);
    }
  }

  /** Clusters also end to warm, without endpoints, when they hear that there are none; all do when any are bad. */
  #takeEndpoints(resources: readonly Resource[], failed: readonly string[] | 'all'): void {
    for (const resource of resources)
      this.endpoints.set(resource.name, { version: resource.version, resource });
    const names = new Set(resources.map(({ name }) => name));
    for (const [name, live] of this.warming) {
      const assignment = assignmentOf(live.resource) ?? '';
      if (failed !== 'all' && !names.has(assignment) && !failed.includes(assignment)) continue;
      this.warming.delete(name);
      this.active.set(name, live);
    }
  }

  #takeListeners(resources: readonly Resource[], removed: readonly string[]): void {
    for (const name of removed) this.#changeListener(name, undefined);
    for (const resource of resources) this.#changeListener(resource.name, resource);
  }

  #changeListener(name: string, resource: Resource | undefined): void {
    const before = this.#interest(rds);
    if (resource === undefined) this.listeners.delete(name);
    else this.listeners.set(name, { version: resource.version, resource });
    const after = this.#interest(rds);
    for (const route of after) if (!before.includes(route)) this.#ask(rds, [route]);
    for (const route of before) if (!after.includes(route)) this.#drop(rds, route);
  }

  #takeRoutes(resources: readonly Resource[]): void {
    for (const resource of resources) {
      if (this.#interest(rds).includes(resource.name)) {
        this.routes.set(resource.name, { version: resource.version, resource });
      }
    }
  }

  #interest(typeUrl: string): string[] {
    if (typeUrl === rds)
      return [
        ...new Set([...this.listeners.values()].flatMap(({ resource }) => this.#meaning(resource).routes)),
      ];
    if (typeUrl !== eds) return [];
    const clusters = [...this.active.values(), ...this.warming.values()];
    return [...new Set(clusters.flatMap(({ resource }) => assignmentOf(resource) ?? []))];
  }

  #ask(typeUrl: string, names: readonly string[]): void {
    const isFirst = !this.#opened.has(typeUrl);
    if (!isFirst && names.length === 0) return;
    // An Envoy that no longer wants anything of a type by name does not ask for it.
    if (isFirst && names.length === 0 && (typeUrl === eds || typeUrl === rds)) return;
    this.#opened.add(typeUrl);
    const versions = isFirst ? Object.fromEntries(this.#noted.get(typeUrl) ?? []) : {};
    this.outbox.push({
      ...this.#request(typeUrl),
      resourceNamesSubscribe: [...names],
      initialResourceVersions: versions,
    });
  }

  #drop(typeUrl: string, name: string): void {
    this.#noted.get(typeUrl)?.delete(name);
    (typeUrl === eds ? this.endpoints : this.routes).delete(name);
    if (this.#opened.has(typeUrl))
      this.outbox.push({ ...this.#request(typeUrl), resourceNamesUnsubscribe: [name] });
  }

  #request(
    typeUrl: string,
    answer?: { readonly nonce: string; readonly error: string | undefined },
  ): DeltaRequest {
    return {
      typeUrl,
      resourceNamesSubscribe: [],
      resourceNamesUnsubscribe: [],
      initialResourceVersions: {},
      responseNonce: answer?.nonce ?? '',
      errorDetail: answer?.error === undefined ? undefined : { message: answer.error },
    };
  }

  #release(): void {
    if (this.warming.size > 0 && this.#patience === 'acknowledges warm clusters') return;
    this.outbox.push(...this.#held.splice(0));
  }
}
