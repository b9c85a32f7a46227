// What the proxy speaks to the pods of a port: what the annotation `scheme` says, else the port's own appProtocol.

import type { TrafficType, UpstreamProtocol } from './topology.ts';

/** What the original's annotation `scheme` may say. */
export type Scheme = 'http' | 'h2c' | 'https';

/** What is spoken, in the words of the topology. */
export interface Upstream {
  readonly upstream: UpstreamProtocol;
  readonly upstreamTls: boolean;
}

const auto: Upstream = { upstream: 'auto', upstreamTls: false };

const schemes: Readonly<Record<Scheme, Upstream>> = {
  http: { upstream: 'http1', upstreamTls: false },
  h2c: { upstream: 'http2', upstreamTls: false },
  https: { upstream: 'auto', upstreamTls: true },
};

/**
 * `appProtocol` of a port: Kubernetes' standard names (KEP-3726) and the usual others. A name that says nothing about
 * HTTP, such as `mysql`, leaves `auto`.
 */
const appProtocols: ReadonlyMap<string, Upstream> = new Map([
  ['http', schemes.http],
  ['kubernetes.io/ws', schemes.http],
  ['ws', schemes.http],
  ['h2c', schemes.h2c],
  ['http2', schemes.h2c],
  ['kubernetes.io/h2c', schemes.h2c],
  ['grpc', schemes.h2c],
  ['https', schemes.https],
  ['kubernetes.io/wss', { upstream: 'http1', upstreamTls: true }],
  ['wss', { upstream: 'http1', upstreamTls: true }],
]);

/** What is spoken to the pods of a port. */
export function upstreamOf(
  traffic: TrafficType,
  says: { readonly scheme: Scheme | undefined; readonly appProtocol: string | undefined },
): Upstream {
  if (traffic !== 'http') return auto;
  if (says.scheme !== undefined) return schemes[says.scheme];
  return appProtocols.get(says.appProtocol?.toLowerCase() ?? '') ?? auto;
}
