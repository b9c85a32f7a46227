// The resources in the shape that the API gives.

import type { Clock, Timer } from '../../runtime/clock.ts';
import { resourceToJson, type ResourcesJson } from '../../translate/inspect.ts';
import { typeUrls, type Resource, type Resources } from '../../translate/resources.ts';
import type { ConfigurationJson } from './api-types.ts';
import { listPieces, objectPieces } from './json-pieces.ts';

/** How long texts are kept after they were last asked for, in milliseconds. */
export const keepMs = 30_000;

const lists: Readonly<Record<keyof ResourcesJson, keyof typeof typeUrls>> = {
  listeners: 'listener',
  routes: 'routes',
  scopedRoutes: 'scopedRoutes',
  clusters: 'cluster',
  endpoints: 'endpoints',
  extensions: 'extensions',
};

/**
 * The member `http`. Proxies of the original ask here too until they are replaced, and would forget all routes where it were
 * absent; where it is no object they can't read it, and keep what they have.
 */
export const noTraefikConfiguration: ConfigurationJson['http'] =
  'Proxies are Envoys, which are told what follows by xDS. Nothing in it is for Traefik.';

/**
 * Writes resources as JSON. To decode a resource is the costly part, and most are the same the next time somebody asks:
 * their texts are kept while people ask, and forgotten {@link keepMs} after, since all of them together are big.
 */
export class ConfigurationWriter {
  readonly #clock: Clock;
  #texts = new WeakMap<Resource, string>();
  #forgetting: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The pieces of a ConfigurationJson; of an empty one where there are no resources yet. */
  pieces(resources: Resources | undefined): Generator<string> {
    this.#forgetting?.cancel();
    this.#forgetting = this.#clock.after(keepMs, () => {
      this.#texts = new WeakMap();
    });
    return objectPieces([
      ['http', [JSON.stringify(noTraefikConfiguration)]],
      ...Object.entries(lists)
        // There are none where access isn't controlled.
        .filter(([, type]) => type !== 'extensions' || (resources?.[typeUrls[type]].size ?? 0) > 0)
        .map(([list, type]): [string, Iterable<string>] => [
          list,
          listPieces(this.#elements(resources?.[typeUrls[type]].values() ?? [])),
        ]),
    ]);
  }

  *#elements(resources: Iterable<Resource>): Generator<Iterable<string>> {
    for (const resource of resources) yield [this.#text(resource)];
  }

  #text(resource: Resource): string {
    const known = this.#texts.get(resource);
    if (known !== undefined) return known;
    const text = JSON.stringify(resourceToJson(resource));
    this.#texts.set(resource, text);
    return text;
  }
}
