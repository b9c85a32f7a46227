// The shadow Services that are there, by the service that each stands for, and the mesh ports that they have on record.

import { byText, objectKey, type PortKey, type ServiceKey } from '../model/key.ts';
import type { PortMove, PortMoves, RecordedPorts } from '../model/recorded.ts';
import { recordedMoves } from './moving-ports.ts';
import type { FoundShadow } from './shadow-reading.ts';
import { recordedPorts } from './shadow.ts';

/** A service, or `/name` of a shadow Service of which nothing says for which service it stands. */
export type ShadowKey = ServiceKey;

/** Shadow Services. Usually one a service; more where names were made otherwise before. */
export class FoundShadows {
  readonly #byKey = new Map<ShadowKey, FoundShadow[]>();
  readonly #keyOf = new Map<string, ShadowKey>();
  readonly #recorded = new Map<PortKey, number>();
  readonly #moves = new Map<PortKey, PortMove>();
  #changed = new Set<PortKey>();

  /** Keys of all that are there. */
  keys(): Iterable<ShadowKey> {
    return this.#byKey.keys();
  }

  /** The key of the one of this name; undefined where there is none. */
  keyOf(name: string): ShadowKey | undefined {
    return this.#keyOf.get(name);
  }

  /** Those of a key, sorted by name. */
  of(key: ShadowKey): readonly FoundShadow[] {
    return this.#byKey.get(key) ?? [];
  }

  /** Puts in what is known of the one of this name now. Returns the keys that this is about. */
  set(name: string, found: FoundShadow | undefined): ReadonlySet<ShadowKey> {
    const old = this.#keyOf.get(name);
    const keys = new Set(old === undefined ? [] : [old]);
    if (found !== undefined) keys.add(keyOf(found));
    for (const each of keys) this.#strike(each);
    if (old !== undefined) {
      this.#keyOf.delete(name);
      const others = this.of(old).filter((each) => each.name !== name);
      if (others.length === 0) this.#byKey.delete(old);
      else this.#byKey.set(old, others);
    }
    if (found !== undefined) {
      const key = keyOf(found);
      this.#keyOf.set(name, key);
      this.#byKey.set(
        key,
        [...this.of(key), found].toSorted((a, b) => byText(a.name, b.name)),
      );
    }
    for (const each of keys) this.#enter(each);
    return keys;
  }

  /**
   * Every mesh port on record. Where a service has several shadow Services, the one whose name sorts first counts. The map
   * is the same one each time.
   */
  recorded(): RecordedPorts {
    return this.#recorded;
  }

  /** Every move on record. The map is the same one each time. */
  moves(): PortMoves {
    return this.#moves;
  }

  /** The service ports of which something else may be on record since this was asked last. */
  takeChanged(): ReadonlySet<PortKey> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** Takes what shadow Services of a key say off the record. Every port key there begins with the key of its service. */
  #strike(key: ShadowKey): void {
    for (const shadow of this.of(key)) {
      for (const port of recordedPorts(key, shadow).keys()) {
        this.#recorded.delete(port);
        this.#changed.add(port);
      }
      for (const [port] of recordedMoves(key, shadow.ports)) this.#moves.delete(port);
    }
  }

  #enter(key: ShadowKey): void {
    for (const shadow of this.of(key).toReversed()) {
      for (const [port, number] of recordedPorts(key, shadow)) {
        this.#recorded.set(port, number);
        this.#changed.add(port);
      }
      for (const [port, move] of recordedMoves(key, shadow.ports)) this.#moves.set(port, move);
    }
  }
}

function keyOf({ name, service }: FoundShadow): ShadowKey {
  return service ?? objectKey('', name);
}
