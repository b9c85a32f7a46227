// Services that come, change and go without pause while a test does something else to their mesh.

import { setTimeout as pause } from 'node:timers/promises';

import type { MeshInCluster, PortGiven } from './mesh-in-cluster.ts';
import { Random } from './mutations/random.ts';

const names: readonly string[] = Array.from({ length: 12 }, (_, index) => `shop-${index}`);

const changingPorts: readonly number[] = [81, 82, 83];

/** What storms differ in. */
export interface StormOptions {
  readonly seed: number;
  /** Pause between two changes, in milliseconds; as good as none by default. */
  readonly pauseMs?: number;
  /** Whether endpoints change too; their addresses are nobody's. */
  readonly hasEndpoints?: boolean;
}

/** Changes services at random, one after the other, until told to stop. */
export class ServiceStorm {
  /** Ports of each service that is there now. */
  readonly services: Map<string, readonly number[]> = new Map<string, readonly number[]>();
  /** Service ports that are there all the time while others of their services come and go, as `name/port`. */
  readonly kept: Set<string> = new Set<string>();
  readonly #mesh: MeshInCluster;
  readonly #options: StormOptions;
  readonly #random: Random;
  /** Services whose first port stays as it is. */
  readonly #steady = new Set(names.slice(0, 4));
  #changes = 0;
  #isOver = false;

  constructor(mesh: MeshInCluster, options: StormOptions) {
    this.#mesh = mesh;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  /** How many changes it has made. */
  get changes(): number {
    return this.#changes;
  }

  /** Makes the services that stay. */
  async begin(): Promise<void> {
    for (const name of this.#steady) {
      await this.#put(name, [80]);
      this.kept.add(`${name}/80`);
    }
  }

  /** Resolves when it has been stopped. */
  async rage(): Promise<void> {
    while (!this.#isOver) {
      await this.#change();
      await pause(this.#options.pauseMs);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Mesh ports that have to be on record, as `name/port`, sorted. */
  get expected(): readonly string[] {
    return [...this.services].flatMap(([name, ports]) => ports.map((port) => `${name}/${port}`)).toSorted();
  }

  async #change(): Promise<void> {
    const name = this.#random.pick(names);
    const isSteady = this.#steady.has(name);
    const isThere = this.services.has(name);
    if (this.#options.hasEndpoints === true && isThere && !isSteady && this.#random.chance(0.3)) {
      const address = `192.0.2.${1 + this.#random.below(250)}`;
      await this.#mesh.putSlice(name, { address, ports: changingPorts.map(portOf) });
    } else if (!isSteady && isThere && this.#random.chance(0.4)) {
      this.services.delete(name);
      await this.#mesh.remove(name);
    } else {
      const others = this.#random.some(changingPorts, isSteady ? 0 : 1);
      await this.#put(name, isSteady ? [80, ...others] : others);
    }
    this.#changes++;
  }

  async #put(name: string, ports: readonly number[]): Promise<void> {
    this.services.set(name, ports);
    await this.#mesh.put(name, ports.map(portOf));
  }
}

function portOf(port: number): PortGiven {
  return { name: `port-${port}`, port };
}
