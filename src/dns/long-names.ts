// Services whose shadow Service has a shortened name: nothing computes that from the service's, so DNS needs a rule for each.

import { shadowName } from '../apply/shadow-name.ts';
import { shadowSeparator } from './corefile/mesh-block.ts';
import { byText, type ServiceKey } from '../model/key.ts';

/** The most services that get rules: those for two domains have up to 550 bytes, and a ConfigMap ends at 1 MiB. */
const maxNames = 1_500;

/** Long names of a mesh, as services come and go. */
export class LongNames {
  readonly #namespace: string;
  /** Shadow Services by `service.namespace`. */
  readonly #names = new Map<string, string>();
  #current: ReadonlyMap<string, string> | undefined = new Map();

  /** @param meshNamespace - that of the shadow Services. */
  constructor(meshNamespace: string) {
    this.#namespace = meshNamespace;
  }

  /** Says that a service is there, or is not. */
  set(service: ServiceKey, isThere: boolean): void {
    const [namespace = '', name = ''] = service.split('/');
    const shadow = shadowName(this.#namespace, service);
    if (shadow === `${this.#namespace}-${name}${shadowSeparator}${namespace}`) return;
    const meshName = `${name}.${namespace}`;
    if (this.#names.has(meshName) === isThere) return;
    if (isThere) this.#names.set(meshName, shadow);
    else this.#names.delete(meshName);
    this.#current = undefined;
  }

  /** How many there are for which there is no room. */
  get left(): number {
    return Math.max(0, this.#names.size - maxNames);
  }

  /** Those for DNS, sorted; the same map as long as nothing changes. */
  get current(): ReadonlyMap<string, string> {
    this.#current ??= new Map([...this.#names].toSorted(([a], [b]) => byText(a, b)).slice(0, maxNames));
    return this.#current;
  }
}
