// What a test of the controller puts into a real API server, and what it finds there.

import { byText } from '../../src/model/key.ts';
import type { KubeObject, KubeObjects } from './kube-objects.ts';

/** A port of a Service. */
export interface PortGiven {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}

/** Namespaces of one mesh in a cluster that has several: its own, and one with services. */
export interface MeshNamespaces {
  readonly mesh: string;
  readonly services: string;
}

/** The objects of one mesh. */
export class MeshInCluster {
  readonly #objects: KubeObjects;
  readonly #at: MeshNamespaces;

  constructor(objects: KubeObjects, at: MeshNamespaces) {
    this.#objects = objects;
    this.#at = at;
  }

  /** Makes the namespaces. */
  async prepare(): Promise<void> {
    const { mesh, services } = this.#at;
    const namespace = (name: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
    await this.#objects.apply(namespace(mesh), namespace(services));
  }

  /** Makes or changes a Service without endpoints. */
  async put(
    name: string,
    ports: readonly PortGiven[],
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const metadata = { name, namespace: this.#at.services, annotations };
    await this.#objects.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } });
  }

  async remove(name: string): Promise<void> {
    const metadata = { name, namespace: this.#at.services };
    await this.#objects.delete({ apiVersion: 'v1', kind: 'Service', metadata });
  }

  /** Names of the services, sorted. */
  async services(): Promise<readonly string[]> {
    const found = await this.#objects.list(`/api/v1/namespaces/${this.#at.services}/services`);
    return found.map(({ metadata }) => metadata.name).toSorted(byText);
  }

  /** The shadow Services, sorted by name. */
  async shadows(): Promise<readonly KubeObject[]> {
    const path = `/api/v1/namespaces/${this.#at.mesh}/services?labelSelector=app%3Dmaesh,type%3Dshadow`;
    return (await this.#objects.list(path)).toSorted((a, b) => byText(a.metadata.name, b.metadata.name));
  }

  /** Mesh ports on record, as `name/port` of a service → mesh port. */
  async meshPorts(): Promise<ReadonlyMap<string, number>> {
    return meshPortsOf(await this.shadows(), this.#at.mesh);
  }
}

/** Mesh ports of shadow Services, as `name/port` of a service → mesh port; of UDP `name/port/udp`. */
export function meshPortsOf(shadows: readonly KubeObject[], mesh: string): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const { metadata, spec } of shadows) {
    const [service = ''] = metadata.name.slice(mesh.length + 1).split('-6d61657368-');
    for (const { port, targetPort, protocol } of (spec as ShadowSpec).ports) {
      ports.set(`${service}/${port}${protocol === 'UDP' ? '/udp' : ''}`, targetPort);
    }
  }
  return ports;
}

interface ShadowSpec {
  readonly ports: readonly {
    readonly port: number;
    readonly protocol: string;
    readonly targetPort: number;
  }[];
}
