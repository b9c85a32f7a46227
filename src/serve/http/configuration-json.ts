// The resources in the shape that the API gives.

import type { Clock, Timer } from '../../runtime/clock.ts';
import { typeUrls, type Resource, type Resources } from '../../translate/resources.ts';
import type { ResourceJson } from './api-types.ts';
import { objectPieces } from './json-pieces.ts';

/** The JSON form of an encoded resource: translate's part, which knows the messages. */
export type DescribeResource = (resource: Resource) => unknown;

/** How long texts are kept after they were last asked for, in milliseconds. */
export const keepMs = 30_000;

/**
 * Writes resources as JSON. To decode a resource is the costly part, and most are the same the next time somebody asks:
 * their texts are kept while people ask, and forgotten {@link keepMs} after, since all of them together are big.
 */
export class ConfigurationWriter {
  readonly #describe: DescribeResource;
  readonly #clock: Clock;
  #texts = new WeakMap<Resource, string>();
  #forgetting: Timer | undefined;

  constructor(describe: DescribeResource, clock: Clock) {
    this.#describe = describe;
    this.#clock = clock;
  }

  /** The pieces of a ConfigurationJson; of an empty one where there are no resources yet. */
  pieces(resources: Resources | undefined): Generator<string> {
    this.#forgetting?.cancel();
    this.#forgetting = this.#clock.after(keepMs, () => {
      this.#texts = new WeakMap();
    });
    return objectPieces(
      Object.entries(typeUrls).map(([kind, typeUrl]) => [
        kind,
        objectPieces(this.#members(resources?.[typeUrl] ?? new Map<string, Resource>())),
      ]),
    );
  }

  *#members(resources: ReadonlyMap<string, Resource>): Generator<[string, Iterable<string>]> {
    for (const [name, resource] of resources) yield [name, [this.#text(resource)]];
  }

  #text(resource: Resource): string {
    const known = this.#texts.get(resource);
    if (known !== undefined) return known;
    const json: ResourceJson = { version: resource.version, resource: this.#describe(resource) };
    const text = JSON.stringify(json);
    this.#texts.set(resource, text);
    return text;
  }
}
