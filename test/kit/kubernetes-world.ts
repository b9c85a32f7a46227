// The objects of the mesh's kinds in a real API server, for tests of sources that follow it.

import { resolveAccess } from '../../src/kube/access.ts';
import { withIdentity } from '../../src/source/kubernetes/with-identity.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { kinds, type IpFamily, type Kind, type KubeObject } from '../../src/model/objects.ts';
import { silentLog } from '../../src/runtime/log.ts';
import {
  createKubernetesSource,
  type KubernetesSourceOptions,
} from '../../src/source/kubernetes/kubernetes-source.ts';
import type { Source } from '../../src/source/source.ts';
import type { ControlPlane } from './control-plane.ts';
import { KubeObjects, type KubeObject as ServerObject } from './kube-objects.ts';
import { manifestOf } from './manifest-of.ts';
import type { SourceWorld } from './source-conformance.ts';

/** A way to an API server, and what of it sources follow. */
export interface KubernetesWorldOptions extends Partial<Omit<KubernetesSourceOptions, 'client'>> {
  readonly plane: ControlPlane;
  /** Path of the sources' kubeconfig; the administrator's by default. */
  readonly kubeconfig?: string;
}

/**
 * Objects in a real API server. It differs from a folder in that
 * - a source says nothing of kinds that no mesh in a cluster reads;
 * - the server gives services addresses, and every pod an image, without which it takes none;
 * - the server refuses objects that a file may hold: ports out of range, endpoints at loopback addresses, wrong types.
 *   Of what a source can't read, only Services with too many ports get that far.
 */
export class KubernetesWorld implements SourceWorld {
  readonly kinds: readonly Kind[] = kinds.filter(
    (kind) => !['Endpoints', 'Namespace', 'ServiceAccount'].includes(kind),
  );
  readonly #options: KubernetesWorldOptions;
  readonly #client: KubeClient;
  readonly #objects: KubeObjects;
  readonly #put = new Map<string, ServerObject>();
  #writes = 0;

  private constructor(options: KubernetesWorldOptions, client: KubeClient) {
    this.#options = options;
    this.#client = client;
    this.#objects = new KubeObjects(options.plane.admin);
  }

  /** A world in which nothing is yet, if those before it that shared the server are disposed of. */
  static async create(options: KubernetesWorldOptions): Promise<KubernetesWorld> {
    const { plane, kubeconfig = plane.kubeconfig } = options;
    const access = await resolveAccess({ kubeConfig: kubeconfig, env: {} });
    return new KubernetesWorld(options, new KubeClient({ access }));
  }

  async put(object: KubeObject): Promise<KubeObject> {
    const manifest = serverManifest(object, ++this.#writes);
    // Namespaces stay: without a controller none is ever deleted in full.
    if (object.kind !== 'Namespace')
      this.#put.set(`${object.kind} ${object.namespace}/${object.name}`, manifest);
    const [applied] = await this.#objects.apply(manifest);
    if (applied === undefined) return object;
    const read = withIdentity({ object }, applied.metadata);
    const known = 'object' in read ? read.object : object;
    if (known.kind !== 'Service') return known;
    const { clusterIPs, ipFamilies } = applied['spec'] as {
      readonly clusterIPs: readonly string[];
      readonly ipFamilies: readonly IpFamily[];
    };
    return { ...known, clusterIPs, ipFamilies };
  }

  async remove(object: KubeObject): Promise<void> {
    await this.#objects.delete(manifestOf(object));
    this.#put.delete(`${object.kind} ${object.namespace}/${object.name}`);
  }

  makeSource(): Source {
    const { namespaces = { watch: [], ignore: [] }, log = silentLog, timing } = this.#options;
    return createKubernetesSource({
      client: this.#client,
      namespaces,
      log,
      ...(timing !== undefined && { timing }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#objects.delete(...this.#put.values());
    this.#objects[Symbol.dispose]();
    this.#client.close();
  }
}

/** A manifest that the server takes, and whose every writing is a new version of the object. */
function serverManifest(object: KubeObject, write: number): ServerObject {
  const manifest: ServerObject = { ...manifestOf(object) };
  const { annotations } = manifest.metadata as { readonly annotations?: object };
  const metadata = {
    ...manifest.metadata,
    annotations: { ...annotations, 'test.maesh/write': String(write) },
  };
  return { ...manifest, metadata, ...bodyFor(object, manifest) };
}

function bodyFor(object: KubeObject, { spec, status }: ServerObject): object {
  if (object.kind === 'Service') {
    const { clusterIPs: _, ipFamilies: __, ...rest } = spec as Readonly<Record<string, unknown>>;
    return { spec: rest };
  }
  if (object.kind !== 'Pod') return {};
  const { containers, ...rest } = spec as { readonly containers: readonly object[] };
  return {
    spec: { ...rest, containers: containers.map((container) => ({ image: 'localhost/shop', ...container })) },
    status: { ...(status as object), ...(object.ips[0] !== undefined && { podIP: object.ips[0] }) },
  };
}
