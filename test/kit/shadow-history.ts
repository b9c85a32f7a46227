// Every state in which the shadow Services of a mesh have been, as a watch tells them one after the other.

import { KubeObjects } from './kube-objects.ts';
import type { KubeAccess } from './kube-request.ts';
import { meshPortsOf, shadowsPath } from './mesh-in-cluster.ts';

/** Follows shadow Services until it is disposed of. */
export class ShadowHistory implements AsyncDisposable {
  readonly #objects: KubeObjects;
  readonly #following: Promise<void>;
  readonly #ports = new Map<string, Set<number>>();
  readonly #gone = new Set<string>();

  /** @param mesh - the mesh's own namespace. */
  constructor(access: KubeAccess, mesh: string) {
    this.#objects = new KubeObjects(access);
    this.#following = this.#follow(mesh).catch(() => {});
  }

  /** Mesh ports that a service port, `name/port`, has had on record so far. */
  portsOf(key: string): readonly number[] {
    return [...(this.#ports.get(key) ?? [])];
  }

  /** Whether a service port has been without one after it had had one. */
  wasGone(key: string): boolean {
    return this.#gone.has(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#objects[Symbol.dispose]();
    await this.#following;
  }

  async #follow(mesh: string): Promise<void> {
    const before = new Map<string, readonly string[]>();
    for await (const { type, object } of this.#objects.watch(shadowsPath(mesh))) {
      const ports = meshPortsOf(type === 'DELETED' ? [] : [object], mesh);
      for (const key of before.get(object.metadata.name) ?? []) if (!ports.has(key)) this.#gone.add(key);
      before.set(object.metadata.name, [...ports.keys()]);
      for (const [key, port] of ports) {
        const seen = this.#ports.get(key) ?? new Set();
        this.#ports.set(key, seen.add(port));
      }
    }
  }
}
