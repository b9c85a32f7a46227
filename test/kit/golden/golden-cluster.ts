// An API server that holds what a manifest says, as a folder holds a file.

import { isDeepStrictEqual } from 'node:util';

import { KubeRefusal, type KubeObject, type KubeObjects } from '../kube-objects.ts';
import { until } from '../until.ts';
import { isBeingDeleted, nameOf } from './for-api-server.ts';

/** What the server refuses to hold: its words by the object's name (see {@link nameOf}). */
export type Refusals = ReadonlyMap<string, string>;

const slicesPath = '/apis/discovery.k8s.io/v1/endpointslices';

/**
 * The objects of one manifest in a server that mirrors Endpoints into EndpointSlices and otherwise holds nothing. Its
 * namespaces stay: nobody deletes them in full.
 */
export class GoldenCluster implements AsyncDisposable {
  readonly #server: KubeObjects;
  readonly #there = new Map<string, KubeObject>();

  constructor(server: KubeObjects) {
    this.#server = server;
  }

  /** Has the server hold these objects, and none of those that it was given before. */
  async hold(objects: readonly KubeObject[]): Promise<Refusals> {
    const refused = new Map<string, string>();
    for (const object of objects) {
      try {
        await this.#put(object);
        this.#there.set(nameOf(object), object);
      } catch (error) {
        if (!(error instanceof KubeRefusal)) throw error;
        refused.set(nameOf(object), error.message);
        // It may have taken the object before it refused its status.
        await this.#server.delete(object);
      }
    }
    const names = new Set(objects.map(nameOf));
    for (const [name, object] of this.#there) if (!names.has(name)) await this.#remove(object);
    return refused;
  }

  /** Takes away what the server was given, and what came of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const object of this.#there.values()) await this.#remove(object);
    await this.#server.delete(...(await this.#slices()));
  }

  async #put(object: KubeObject): Promise<void> {
    await this.#server.apply(object);
    if (isBeingDeleted(object)) await this.#server.delete(object);
    if (object.kind === 'Endpoints') await this.#mirrored(object);
  }

  async #remove(object: KubeObject): Promise<void> {
    this.#there.delete(nameOf(object));
    // The API server's own service is more than what a test says of it.
    if (object.kind === 'Namespace' || object.metadata.name === 'kubernetes') return;
    if (isBeingDeleted(object)) {
      const path = await this.#server.path(object);
      const body = { metadata: { finalizers: null } };
      await this.#server.send({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
    }
    await this.#server.delete(object);
  }

  /** Waits until Endpoints are in slices, if they are to be. */
  async #mirrored({ metadata, subsets }: KubeObject): Promise<void> {
    if ('labels' in metadata) return;
    const wanted = (subsets as readonly Subset[]).flatMap(({ addresses = [], notReadyAddresses = [] }) =>
      [...addresses, ...notReadyAddresses].map(({ ip }) => ip),
    );
    await until(`the slices of Endpoints ${metadata.name}`, async () => {
      const found = (await this.#slices()).filter(({ metadata: slice }) =>
        slice.name.startsWith(`${metadata.name}-`),
      );
      const addresses = found.flatMap((slice) =>
        (slice['endpoints'] as readonly Endpoint[]).flatMap((endpoint) => endpoint.addresses),
      );
      return isDeepStrictEqual(new Set(addresses), new Set(wanted)) || undefined;
    });
  }

  async #slices(): Promise<readonly KubeObject[]> {
    const kind = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
    return (await this.#server.list(slicesPath)).map((slice) => ({ ...slice, ...kind }));
  }
}

interface Subset {
  readonly addresses?: readonly { readonly ip: string }[];
  readonly notReadyAddresses?: readonly { readonly ip: string }[];
}

interface Endpoint {
  readonly addresses: readonly string[];
}
