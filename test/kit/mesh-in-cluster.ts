// What a test of the controller puts into a real API server, and what it finds there.

import { readRestingPorts, restingAnnotation, restRecordType } from '../../src/apply/resting-ports.ts';
import { byText } from '../../src/model/key.ts';
import type { KubeObject, KubeObjects } from './kube-objects.ts';

/** A port of a Service. */
export interface PortGiven {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}

/** Where a service goes. */
export interface EndpointGiven {
  readonly address: string;
  /** By the names of the service's ports. */
  readonly ports: readonly PortGiven[];
}

/** Namespaces of one mesh in a cluster that has several: its own, and one with services. */
export interface MeshNamespaces {
  readonly mesh: string;
  readonly services: string;
}

/** The objects of one mesh. */
export class MeshInCluster {
  readonly #objects: KubeObjects;
  readonly namespaces: MeshNamespaces;

  constructor(objects: KubeObjects, namespaces: MeshNamespaces) {
    this.#objects = objects;
    this.namespaces = namespaces;
  }

  /** Makes the namespaces. */
  async prepare(): Promise<void> {
    const { mesh, services } = this.namespaces;
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
    const metadata = { name, namespace: this.namespaces.services, annotations };
    await this.#objects.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } });
  }

  /** Makes or changes the only slice of a service. */
  async putSlice(name: string, endpoint: EndpointGiven): Promise<void> {
    await this.#objects.apply(this.slice(name, endpoint));
  }

  /** The only slice of a service, with one endpoint. */
  slice(name: string, { address, ports }: EndpointGiven): KubeObject {
    const { services: namespace } = this.namespaces;
    const labels = { 'kubernetes.io/service-name': name };
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-a`, namespace, labels } as KubeObject['metadata'],
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    };
  }

  async remove(name: string): Promise<void> {
    const metadata = { name, namespace: this.namespaces.services };
    await this.#objects.delete({ apiVersion: 'v1', kind: 'Service', metadata });
  }

  /** Names of the services, sorted. */
  async services(): Promise<readonly string[]> {
    const found = await this.#objects.list(`/api/v1/namespaces/${this.namespaces.services}/services`);
    return found.map(({ metadata }) => metadata.name).toSorted(byText);
  }

  /** The shadow Services, sorted by name. */
  async shadows(): Promise<readonly KubeObject[]> {
    const found = await this.#objects.list(shadowsPath(this.namespaces.mesh));
    return found.toSorted((a, b) => byText(a.metadata.name, b.metadata.name));
  }

  /** Mesh ports that rest, as it is on record. */
  async resting(): Promise<readonly string[]> {
    const path = `/api/v1/namespaces/${this.namespaces.mesh}/services?labelSelector=type%3D${restRecordType}`;
    const [record] = await this.#objects.list(path);
    const { annotations } = (record?.metadata ?? {}) as {
      readonly annotations?: Readonly<Record<string, string>>;
    };
    return readRestingPorts(annotations?.[restingAnnotation]);
  }

  /** Mesh ports on record, as `name/port` of a service → mesh port. */
  async meshPorts(): Promise<ReadonlyMap<string, number>> {
    return meshPortsOf(await this.shadows(), this.namespaces.mesh);
  }
}

/** Path of the shadow Services in a mesh's own namespace. */
export function shadowsPath(mesh: string): string {
  return `/api/v1/namespaces/${mesh}/services?labelSelector=app%3Dmaesh,type%3Dshadow`;
}

/**
 * Mesh ports of shadow Services, as `name/port` of a service → mesh port; of UDP `name/port/udp`.
 */
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
