// The writes of shadow Services, as an API server takes them. What was another by now, or gone, is not overwritten: it comes
// by the watch, and is looked at then.

import type { ApiObject, ObjectToWrite } from '../kube/api-object.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import { isDone, outdated, unless } from '../kube/unless.ts';
import type { Log } from '../runtime/log.ts';
import { restRecordManifest, type RestingPort } from './resting-ports.ts';
import type { FoundShadow } from './shadow-reading.ts';
import { shadowManifest, standInManifest, type Shadow } from './shadow.ts';

/** What is read and written of Services in the mesh's own namespace. */
export const services: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'services',
  verbs: ['list', 'watch', 'create', 'patch', 'delete'],
};

/** Where shadow Services are written, and for how long. */
export interface ShadowCallsOptions {
  readonly client: KubeClient;
  /** The mesh's own namespace. */
  readonly namespace: string;
  readonly log: Log;
}

/** A write that ends with the signal. */
interface Writing {
  readonly signal: AbortSignal;
  /** What was read, where something was; only if it is still that, it is written. */
  readonly current?: FoundShadow | undefined;
}

/** Makes the calls. Each says which version it made; undefined where none was. */
export class ShadowCalls {
  readonly #options: ShadowCallsOptions;

  constructor(options: ShadowCallsOptions) {
    this.#options = options;
  }

  /** Has a shadow Service be as it should. */
  async apply(shadow: Shadow, { signal, current }: Writing): Promise<string | undefined> {
    const { namespace, log } = this.#options;
    const version = await this.#apply(shadowManifest(shadow, namespace), { signal, current });
    if (version !== undefined)
      log.info('Wrote a shadow Service', { service: shadow.service, shadow: shadow.name });
    return version;
  }

  /** Keeps the mesh ports of a shadow Service on record while that is made anew. */
  async standIn(standIn: Shadow, writing: Writing): Promise<string | undefined> {
    return await this.#apply(standInManifest(standIn, this.#options.namespace), writing);
  }

  /** Puts on record which mesh ports rest: these and no others. */
  async recordResting(
    resting: readonly RestingPort[],
    { signal, current }: Writing,
  ): Promise<string | undefined> {
    const { client, namespace, log } = this.#options;
    const manifest = restRecordManifest(namespace, resting);
    const version =
      current === undefined
        ? await versionOf(unless([409], client.create(services, manifest, { signal })))
        : await this.#apply(manifest, { signal, current });
    if (version !== undefined) log.info('Put on record which mesh ports rest', { count: resting.length });
    return version;
  }

  /** Ports that somebody else gave stay when others are applied: the list is replaced as a whole. */
  async replacePorts(shadow: Shadow, { signal, current }: Writing): Promise<string | undefined> {
    const { client, namespace, log } = this.#options;
    const { ports } = shadowManifest(shadow, namespace).spec;
    const target = { type: services, namespace, name: shadow.name };
    const only = current && { resourceVersion: current.resourceVersion };
    const patch = client.patch(target, { spec: { ports } }, { ...only, signal });
    const version = await versionOf(unless(outdated, patch));
    if (version !== undefined)
      log.info('Took strange ports from a shadow Service', { service: shadow.service, shadow: shadow.name });
    return version;
  }

  /** Returns whether it was still what was read. */
  async delete(
    { name, uid, resourceVersion, service }: FoundShadow,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { client, namespace, log } = this.#options;
    const target = { type: services, namespace, name };
    if (!(await isDone(client.delete(target, { uid, resourceVersion, signal }), outdated))) return false;
    log.info('Deleted a shadow Service', { service: service ?? 'none', shadow: name });
    return true;
  }

  async #apply(object: ObjectToWrite, { signal, current }: Writing): Promise<string | undefined> {
    const { client } = this.#options;
    const { metadata, ...rest } = object;
    const version = current && { resourceVersion: current.resourceVersion };
    const applied = client.apply(services, { ...rest, metadata: { ...metadata, ...version } }, { signal });
    return await versionOf(current === undefined ? applied : unless(outdated, applied));
  }
}

async function versionOf(write: Promise<ApiObject | undefined>): Promise<string | undefined> {
  return (await write)?.metadata.resourceVersion;
}
