// In which version the status of a kind of objects can be written, if in any: a definition may have none, as the original's
// have, and definitions come and go.

import type { KubeClient } from '../kube/client.ts';
import { firstServed, isServed } from '../kube/discovery.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

/** How long what was found is believed, in milliseconds, where something says that it may be otherwise. */
export const lookMs = 60_000;

/** A kind of objects whose status may be written. */
export interface StatusKind {
  readonly kind: string;
  readonly group: string;
  /** Versions that may be used, the first that is served. */
  readonly versions: readonly string[];
  readonly plural: string;
}

interface Looked {
  /** Undefined where no status can be written. */
  readonly type: ResourceType | undefined;
  readonly at: number;
}

/** What the server serves of some kinds. */
export class StatusTypes {
  readonly #options: { readonly client: KubeClient; readonly log: Log; readonly clock: Clock };
  readonly #kinds: ReadonlyMap<string, StatusKind>;
  readonly #looked = new Map<string, Looked>();
  readonly #said = new Set<string>();

  constructor(
    kinds: readonly StatusKind[],
    options: { readonly client: KubeClient; readonly log: Log; readonly clock: Clock },
  ) {
    this.#kinds = new Map(kinds.map((each) => [each.kind, each]));
    this.#options = options;
  }

  /** Whether it is one of the kinds. */
  has(kind: string): boolean {
    return this.#kinds.has(kind);
  }

  /** Names of the kinds. */
  names(): Iterable<string> {
    return this.#kinds.keys();
  }

  /** How statuses of a kind are written; undefined where they can't be. Rejects with KubeError where the server won't say. */
  async type(kind: string, signal: AbortSignal): Promise<ResourceType | undefined> {
    const known = this.#looked.get(kind);
    if (known !== undefined && (known.type !== undefined || !this.#isOld(known))) return known.type;
    const type = await this.#look(kind, signal);
    this.#looked.set(kind, { type, at: this.#options.clock.now() });
    return type;
  }

  /** Says that something was not found; whether another {@link type} may be found now. */
  missed(kind: string): boolean {
    const known = this.#looked.get(kind);
    return known !== undefined && this.#isOld(known) && this.#looked.delete(kind);
  }

  async #look(kind: string, signal: AbortSignal): Promise<ResourceType | undefined> {
    const { client, log } = this.#options;
    const { group = '', plural = '', versions = [] } = this.#kinds.get(kind) ?? {};
    const version = await firstServed(client, { group, plural }, { versions, signal });
    if (version === undefined) return undefined;
    const type: ResourceType = { group, version, plural };
    if (await isServed(client, type, { subresource: 'status', signal })) return type;
    if (!this.#said.has(kind)) {
      log.info(
        'The definition of a kind has no status: what is wrong with its objects is said by Events only',
        {
          kind,
        },
      );
    }
    this.#said.add(kind);
    return undefined;
  }

  #isOld({ at }: Looked): boolean {
    return at + lookMs <= this.#options.clock.now();
  }
}
