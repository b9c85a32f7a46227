// One mesh port that is on record, and what it is to those who have it.

import { byText, type PortKey, type ServiceKey } from './key.ts';
import { restingKey, sharedKey } from './recorded.ts';
import type { SharedPort, TrafficType } from './topology.ts';

/** How a service port has a mesh port on record. */
export interface Role {
  /** Whether it is moving away from there. */
  readonly isLeaving: boolean;
  /** Whether callers are sent there. */
  readonly isTarget: boolean;
}

/** What a mesh port is. */
export interface Standing {
  /** The key to which it belongs; undefined where nobody has it. */
  readonly owner: PortKey | undefined;
  /** The service port that it stands for. */
  readonly alone: PortKey | undefined;
  /** Set where several have it and are told apart by Host. */
  readonly shared: SharedPort | undefined;
}

/** A mesh port with the service ports that have it on record. */
export class RecordPage {
  readonly traffic: TrafficType;
  readonly port: number;
  readonly keys: Set<PortKey> = new Set();
  /** The service port that it stood for alone when that was last looked at. */
  aloneBefore: PortKey | undefined;
  /** While it is shared: the port of each service that is served there. */
  readonly served: Map<ServiceKey, PortKey> = new Map();
  #leaving = 0;
  #targets = 0;

  constructor(traffic: TrafficType, port: number) {
    this.traffic = traffic;
    this.port = port;
  }

  /** Has a service port have it, which does not yet. */
  add(key: PortKey, { isLeaving, isTarget }: Role): void {
    this.keys.add(key);
    if (isLeaving) this.#leaving++;
    if (isTarget) this.#targets++;
  }

  /** Has a service port have it no more, which was added with this role. */
  remove(key: PortKey, { isLeaving, isTarget }: Role): void {
    this.keys.delete(key);
    if (isLeaving) this.#leaving--;
    if (isTarget) this.#targets--;
  }

  /** What it is now. */
  get standing(): Standing {
    const { traffic, port, keys } = this;
    const rest = restingKey(port, traffic === 'udp' ? 'UDP' : 'TCP');
    if (keys.has(rest)) return { owner: rest, alone: undefined, shared: undefined };
    const isShared = keys.size > 1 || this.#leaving > 0;
    if (isShared && traffic === 'http') {
      return { owner: sharedKey(port), alone: undefined, shared: { port, isLeft: this.#targets === 0 } };
    }
    const owner = firstOf(keys);
    return { owner, alone: isShared ? undefined : owner, shared: undefined };
  }
}

/** The one that sorts first; undefined where there is none. */
export function firstOf(keys: Iterable<PortKey>): PortKey | undefined {
  let least: PortKey | undefined;
  for (const key of keys) if (least === undefined || byText(key, least) < 0) least = key;
  return least;
}
