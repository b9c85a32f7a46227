// Keeps who may call what in step with pods, services and TrafficTargets: a change costs what it touches. A pod that comes
// or goes touches its own service account and the services that select it, and most often no rule.

import type { ServiceDraft } from '../services.ts';
import type { ObjectKey, PortKey, ServiceKey } from '../key.ts';
import { addTo, removeFrom } from '../maps.ts';
import { objectOf, type ObjectChange } from '../offer.ts';
import type { Problem } from '../problem.ts';
import { ReferenceIndex } from '../reference-index.ts';
import type { ObjectStore } from '../store.ts';
import type { AccessRule } from '../topology.ts';
import { Callers } from './callers.ts';
import { PodIdentities } from './pod-identities.ts';
import { keyOf, portRules, type ServiceRules } from './port-rules.ts';
import { ruledService, type RuledService } from './ruled-service.ts';
import { readTarget, type TargetMeaning } from './target-meaning.ts';
import { targetProblem } from './target-problems.ts';

/** Who may call what, of all services. */
export interface Access {
  /** A service that isn't among them may be called by nobody. The map is the same one after every update. */
  readonly services: ReadonlyMap<ServiceKey, ServiceAccess>;
  /** Those that the last update drafted again, or took away. */
  readonly touched: ReadonlySet<ServiceKey>;
  /** As in the topology; the same reference for as long as nothing in it changes. */
  readonly callers: ReadonlyMap<ObjectKey, readonly string[]>;
}

/** Who may call the ports of a service. */
export interface ServiceAccess {
  /** A port that isn't among them may be called by nobody. */
  readonly rules: ReadonlyMap<PortKey, readonly AccessRule[]>;
  /** The service accounts of its pods. */
  readonly accountOf: (pod: ObjectKey) => ObjectKey | undefined;
}

interface Known {
  readonly service: RuledService;
  readonly rules: ServiceRules;
}

/** Drafts access for as long as objects change. */
export class AccessDrafts implements Access {
  readonly #store: ObjectStore;
  readonly #drafts: ReadonlyMap<ServiceKey, ServiceDraft>;
  readonly #identities = new PodIdentities();
  readonly #targets = new ReferenceIndex(targetReferences);
  readonly #ruled = new ReferenceIndex(serviceReferences);
  readonly #known = new Map<ServiceKey, Known>();
  readonly #services = new Map<ServiceKey, ServiceAccess>();
  /** In which services a TrafficTarget with a port means one. */
  readonly #meant = new Map<ObjectKey, Set<ServiceKey>>();
  readonly #callers: Callers;
  #touched: ReadonlySet<ServiceKey> = new Set();

  constructor(store: ObjectStore, drafts: ReadonlyMap<ServiceKey, ServiceDraft>) {
    this.#store = store;
    this.#drafts = drafts;
    this.#callers = new Callers(this.#identities);
  }

  get services(): ReadonlyMap<ServiceKey, ServiceAccess> {
    return this.#services;
  }

  get touched(): ReadonlySet<ServiceKey> {
    return this.#touched;
  }

  get callers(): ReadonlyMap<ObjectKey, readonly string[]> {
    return this.#callers.addresses;
  }

  /** Takes in what the store takes in; the next update sees it. */
  apply(changes: Iterable<ObjectChange>): void {
    for (const change of changes) {
      if (change.kind === 'Pod') this.#identities.set(change.key, objectOf(change, 'Pod'));
    }
  }

  /**
   * Drafts again what has changed since the last call.
   *
   * @param redrafted services that have been drafted again.
   * @param targets those that changed, or the routes that they name.
   */
  update(redrafted: Iterable<ServiceKey>, targets: Iterable<ObjectKey>): void {
    const affected = new Set(redrafted);
    const ruledAnew = new Set<ServiceKey>();
    for (const key of targets) {
      for (const account of this.#readTarget(key)) {
        for (const { key: service } of this.#ruled.referringTo(`account ${account}`)) ruledAnew.add(service);
      }
    }
    for (const pod of this.#identities.takeTouchedPods()) {
      for (const { key } of this.#ruled.referringTo(`pod ${pod}`)) affected.add(key);
    }
    for (const key of affected) if (this.#look(key)) ruledAnew.add(key);
    for (const key of ruledAnew) this.#rule(key);
    this.#callers.update();
    this.#touched = new Set([...affected, ...ruledAnew]);
  }

  /** What is wrong with TrafficTargets, in no particular order. */
  *problems(): Generator<Problem> {
    for (const meaning of this.#targets.objects()) yield* this.#problemsOf(meaning);
  }

  *#problemsOf(meaning: TargetMeaning): Generator<Problem> {
    const { target, destination, sources } = meaning;
    yield* meaning.problems;
    for (const source of sources) {
      const shared = this.#callers.sharedOf(source);
      if (shared !== undefined) yield targetProblem.sharedAddress(target, source, shared);
    }
    if (target.port === undefined || destination === undefined || this.#meant.has(keyOf(meaning))) return;
    const [service] = this.#ruled.referringTo(`account ${destination}`);
    if (service !== undefined) yield targetProblem.noPort(target, target.port);
  }

  /** Reads a TrafficTarget again, and says whose pods it was and is about. */
  #readTarget(key: ObjectKey): readonly ObjectKey[] {
    const before = this.#targets.get(key);
    const target = this.#store.smi.target(key);
    const after = target === undefined ? undefined : readTarget(target, this.#store.smi);
    this.#targets.set(key, after);
    this.#callers.replace(before?.sources ?? [], after?.sources ?? []);
    return [before?.destination, after?.destination].filter((account) => account !== undefined);
  }

  /** Looks at a service again, and says whether rules may mean something else there than before. */
  #look(key: ServiceKey): boolean {
    const draft = this.#drafts.get(key);
    const service =
      draft === undefined
        ? undefined
        : ruledService(key, {
            draft,
            object: this.#store.service(key),
            view: this.#store,
            identities: this.#identities,
          });
    this.#ruled.set(key, service);
    const before = this.#known.get(key);
    if (service !== undefined && before?.service.shape === service.shape) {
      this.#set(key, { service, rules: before.rules });
      return false;
    }
    this.#set(key, service === undefined ? undefined : { service, rules: noRules });
    return service !== undefined;
  }

  #rule(key: ServiceKey): void {
    const service = this.#ruled.get(key);
    if (service === undefined) return;
    const targets = [...service.accounts].flatMap((account) => [
      ...this.#targets.referringTo(`destination ${account}`),
    ]);
    this.#set(key, { service, rules: portRules(service, targets) });
  }

  #set(key: ServiceKey, next: Known | undefined): void {
    for (const target of this.#known.get(key)?.rules.meant ?? []) removeFrom(this.#meant, target, key);
    if (next === undefined) {
      this.#known.delete(key);
      this.#services.delete(key);
      return;
    }
    for (const target of next.rules.meant) addTo(this.#meant, target, key);
    this.#known.set(key, next);
    this.#services.set(key, {
      rules: next.rules.rules,
      accountOf: (pod) => this.#identities.accountOf(pod),
    });
  }
}

const noRules: ServiceRules = { rules: new Map(), meant: new Set() };

function* targetReferences({ destination }: TargetMeaning): Generator<string> {
  if (destination !== undefined) yield `destination ${destination}`;
}

function* serviceReferences({ accounts, namedPods }: RuledService): Generator<string> {
  for (const account of accounts) yield `account ${account}`;
  for (const pod of namedPods) yield `pod ${pod}`;
}
