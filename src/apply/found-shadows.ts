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
    const keys = new Set<ShadowKey>();
    const old = this.#keyOf.get(name);
    if (old !== undefined) {
      keys.add(old);
      this.#keyOf.delete(name);
      const others = this.of(old).filter((each) => each.name !== name);
      if (others.length === 0) this.#byKey.delete(old);
      else this.#byKey.set(old, others);
    }
    if (found !== undefined) {
      const key = found.service ?? objectKey('', name);
      keys.add(key);
      this.#keyOf.set(name, key);
      this.#byKey.set(
        key,
        [...this.of(key), found].toSorted((a, b) => byText(a.name, b.name)),
      );
    }
    return keys;
  }

  /** Every mesh port on record. Where a service has several shadow Services, the one whose name sorts first counts. */
  recorded(): RecordedPorts {
    const recorded = new Map<PortKey, number>();
    for (const [key, shadows] of this.#byKey) {
      for (const shadow of shadows) {
        for (const [port, number] of recordedPorts(key, shadow)) {
          if (!recorded.has(port)) recorded.set(port, number);
        }
      }
    }
    return recorded;
  }

  /** Every move on record. */
  moves(): PortMoves {
    const moves = new Map<PortKey, PortMove>();
    for (const [key, shadows] of this.#byKey) {
      for (const { ports } of shadows.toReversed()) {
        for (const [port, move] of recordedMoves(key, ports)) moves.set(port, move);
      }
    }
    return moves;
  }
}
