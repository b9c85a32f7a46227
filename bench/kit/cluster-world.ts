// A real etcd and API server with services and endpoints in it, of which some are probed: their endpoints answer.

import { createServer } from 'node:http';

import { shadowOfAnnotation } from '../../src/apply/shadow-name.ts';
import { listen } from '../../test/kit/backends/backend.ts';
import { startControlPlane, type ControlPlane } from '../../test/kit/control-plane.ts';
import { KubeObjects, type KubeObject } from '../../test/kit/kube-objects.ts';
import { machineAddress } from '../../test/kit/machine-address.ts';
import { podAddress } from './controller-addresses.ts';
import { nthName, serviceObject, sliceObject, type ServiceGiven } from './cluster-objects.ts';
import { now } from './now.ts';

/** How much is in a cluster. */
export interface ClusterSize {
  readonly services: number;
  readonly endpointsEach: number;
}

/** When a write was sent and when it was answered. */
export interface Written {
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** How many services are probed, but at most half of all. */
const mostProbed = 10;
/** Writes under way at a time while the cluster is filled. */
const hands = 32;
const meshNamespace = 'maesh';

/** A cluster; ended when disposed of. */
export class ClusterWorld implements AsyncDisposable {
  readonly plane: ControlPlane;
  /** Services whose endpoints answer, spread evenly over all. They begin with backend 0. */
  readonly probed: readonly ServiceGiven[];
  /** The others. */
  readonly silent: readonly ServiceGiven[];
  readonly #objects: KubeObjects;
  readonly #stack: AsyncDisposableStack;
  readonly #backends: readonly Backend[];

  private constructor(
    parts: {
      readonly plane: ControlPlane;
      readonly stack: AsyncDisposableStack;
      readonly backends: readonly Backend[];
    },
    { services, endpointsEach }: ClusterSize,
  ) {
    const { plane, stack, backends } = parts;
    this.plane = plane;
    this.#stack = stack;
    this.#backends = backends;
    this.#objects = stack.use(new KubeObjects(plane.admin));
    const probedCount = Math.min(mostProbed, Math.ceil(services / 2));
    const step = Math.floor(services / probedCount);
    const probed: ServiceGiven[] = [];
    const silent: ServiceGiven[] = [];
    for (let n = 0; n < services; n++) {
      if (n % step === 0 && probed.length < probedCount) probed.push(this.at(nthName(n), 0));
      else {
        const addresses = Array.from({ length: endpointsEach }, (_, e) => podAddress(n * endpointsEach + e));
        silent.push({ ...nthName(n), addresses });
      }
    }
    this.probed = probed;
    this.silent = silent;
  }

  /** Starts a cluster and fills it. */
  static async create(size: ClusterSize): Promise<ClusterWorld> {
    await using stack = new AsyncDisposableStack();
    const backends = await Promise.all([0, 1].map(startBackend));
    for (const { close } of backends) stack.defer(close);
    const plane = stack.use(await startControlPlane());
    const world = new ClusterWorld({ plane, backends, stack: stack.move() }, size);
    try {
      await world.#fill();
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
    return world;
  }

  /** A service with one of the two backends as its endpoint, or with none. */
  at(service: Pick<ServiceGiven, 'namespace' | 'name'>, backend: 0 | 1 | undefined): ServiceGiven {
    const { namespace, name } = service;
    const found = backend === undefined ? undefined : this.#backends[backend];
    if (found === undefined) return { namespace, name, addresses: [] };
    return { namespace, name, addresses: [found.address], port: found.port };
  }

  /** Writes the endpoints of a service. */
  async put(service: ServiceGiven): Promise<Written> {
    const slice = sliceObject(service);
    const path = await this.#objects.path(slice);
    const sentAt = now();
    await this.#objects.send({ method: 'PUT', path, body: slice });
    return { sentAt, answeredAt: now() };
  }

  /** Mesh ports on record, by `namespace/name` of the service. */
  async meshPorts(): Promise<ReadonlyMap<string, number>> {
    const path = `/api/v1/namespaces/${meshNamespace}/services?labelSelector=app%3Dmaesh,type%3Dshadow`;
    const { items: shadows } = (await this.#objects.send({ path })) as { readonly items: readonly Shadow[] };
    return new Map(
      shadows.map(({ metadata, spec }) => [
        metadata.annotations?.[shadowOfAnnotation] ?? '',
        spec.ports[0]?.targetPort ?? 0,
      ]),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  async #fill(): Promise<void> {
    const services = [...this.probed, ...this.silent];
    const namespaces = new Set([meshNamespace, ...services.map(({ namespace }) => namespace)]);
    await this.#create(
      [...namespaces].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    );
    await this.#create(services.flatMap((service) => [serviceObject(service), sliceObject(service)]));
  }

  async #create(objects: readonly KubeObject[]): Promise<void> {
    const waiting = objects.values();
    const work = async (): Promise<void> => {
      for (const object of waiting) {
        const path = (await this.#objects.path(object)).replace(/\/[^/]+$/, '');
        await this.#objects.send({ method: 'POST', path, body: object });
      }
    };
    await Promise.all(Array.from({ length: hands }, work));
  }
}

/** What is read of a shadow Service. */
interface Shadow {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly ports: readonly { readonly targetPort: number }[] };
}

interface Backend {
  readonly address: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** A backend answers with its number. It listens on an address that an API server takes for a pod's. */
async function startBackend(number: number): Promise<Backend> {
  const address = machineAddress();
  const server = createServer((_, response) => response.end(String(number)));
  return { address, ...(await listen(server, { name: String(number), address })) };
}
