// The pods in which the mesh's proxies run: whom the API lists as nodes, whichever replica they are connected to.

import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

import type { ApiObject } from '../../kube/api-object.ts';
import type { KubeClient } from '../../kube/client.ts';
import { Reflector } from '../../kube/reflector.ts';
import { byText } from '../../model/key.ts';
import { proxyLabels } from '../../model/proxy-labels.ts';
import type { Log } from '../../runtime/log.ts';
import { parsePod } from '../parse/pod.ts';

/** A pod that has not ended, in which a proxy runs or is about to. */
export interface ProxyPod {
  readonly name: string;
  /** Undefined before it is on one. */
  readonly node: string | undefined;
  /** The preferred family's first; empty before it has an address. */
  readonly ips: readonly string[];
  /** Whether it passes its probes and is not about to end. */
  readonly isReady: boolean;
  /** The container port named `admin`; undefined where none is. */
  readonly adminPort: number | undefined;
  /** Whether its proxy is one of Maesh 1.x or Traefik Mesh 1.4, which ask a controller of theirs what to serve. */
  readonly isOriginals: boolean;
}

/** Follows the pods of a mesh's proxies. Constructing it asks nothing. */
export class ProxyPods {
  readonly #reflector: Reflector<ProxyPod>;

  /** @param options.namespace - the mesh's own, in which they are. */
  constructor(options: { readonly client: KubeClient; readonly namespace: string; readonly log: Log }) {
    const { client, namespace, log } = options;
    const labelSelector = Object.entries(proxyLabels)
      .map(([label, value]) => `${label}=${value}`)
      .join(',');
    this.#reflector = new Reflector<ProxyPod>({
      client,
      selection: { type: { group: '', version: 'v1', plural: 'pods' }, namespace, labelSelector },
      decode: readProxyPod,
      isSame: isDeepStrictEqual,
      // What there is, is looked up when somebody asks.
      onSynced: () => {},
      onChanged: () => {},
      log,
    });
  }

  /** Follows them until the signal aborts; rejects only for defects of ours. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#reflector.run(signal);
  }

  /** Those that are known, sorted by name. None before the API server has answered. */
  list(): readonly ProxyPod[] {
    return [...this.#reflector.values()].toSorted((a, b) => byText(a.name, b.name));
  }
}

function readProxyPod(object: ApiObject): ProxyPod | undefined {
  const parsed = parsePod(object);
  if (!('object' in parsed) || parsed.object.finished) return undefined;
  const { name, nodeName: node, ips, ready, terminating, containerPorts } = parsed.object;
  const admin = containerPorts.find((port) => port.name === 'admin' && port.protocol === 'TCP');
  const isOriginals = asksTheOriginal(object);
  return { name, node, ips, isReady: ready && !terminating, adminPort: admin?.port, isOriginals };
}

const startedWith = z.object({
  spec: z.object({ containers: z.array(z.object({ args: z.array(z.string()).default([]) })) }),
});

/** `--endpoint=URL` in 1.3, `--providers.http.endpoint=URL` in 1.4: the URL's path is the same. */
function asksTheOriginal(object: ApiObject): boolean {
  const { data } = startedWith.safeParse(object);
  const args = data?.spec.containers.flatMap((container) => container.args) ?? [];
  return args.some((argument) => argument.endsWith('/api/configuration/current'));
}
