// Keeps the drafts of all services in step with the objects: only services that a change touches are drafted again.

import type { ServiceKey } from './key.ts';
import type { KubeService } from './objects.ts';
import { draftService, type ServiceDraft } from './services.ts';
import type { ObjectStore } from './store.ts';
import type { TrafficType } from './topology.ts';

/** The drafts of all services of the mesh. */
export class ServiceDrafts {
  readonly #store: ObjectStore;
  readonly #options: { readonly defaultMode: TrafficType };
  readonly #drafts = new Map<ServiceKey, ServiceDraft>();
  /**
   * The object of each service that its draft was made of. A Service whose every pod lacks the container port that it
   * names is a mistake: the object accepted before it stays until the mistake is mended.
   */
  readonly #accepted = new Map<ServiceKey, KubeService>();

  constructor(store: ObjectStore, options: { readonly defaultMode: TrafficType }) {
    this.#store = store;
    this.#options = options;
  }

  /** The drafts, in no particular order. The map is the same one after every update. */
  get drafts(): ReadonlyMap<ServiceKey, ServiceDraft> {
    return this.#drafts;
  }

  /** Drafts again what changed in the store since the last call, and says which services that was. */
  update(): ReadonlySet<ServiceKey> {
    const dirty = this.#store.takeDirty();
    for (const key of dirty) {
      const draft = this.#draft(key);
      if (draft === undefined) this.#drafts.delete(key);
      else this.#drafts.set(key, draft);
    }
    return dirty;
  }

  #draft(key: ServiceKey): ServiceDraft | undefined {
    const service = this.#store.service(key);
    if (service === undefined) {
      this.#accepted.delete(key);
      return undefined;
    }
    const options = { ...this.#options, lastAnnotations: this.#drafts.get(key)?.annotations };
    const draft = draftService(service, this.#store, options);
    const accepted = this.#accepted.get(key);
    if (draft?.isUnresolvable === true && accepted !== undefined && accepted !== service) {
      const last = draftService(accepted, this.#store, options);
      if (last?.isUnresolvable === false) return { ...last, problems: draft.problems };
    }
    this.#accepted.set(key, service);
    return draft;
  }
}
