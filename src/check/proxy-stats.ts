// What a proxy has counted since it started, as far as it says whether somebody calls by mesh names.

import * as z from 'zod';

import type { PortKey } from '../model/key.ts';

/** Of one service port, as far as it was called at all. A call is a request or a TCP connection. */
export interface PortStats {
  /** Sent on to pods; one that was made again counts again. */
  readonly calls: number;
  /** Those of which the end is still to come. */
  readonly open: number;
  /** Of UDP, of which nothing else is known: sent to pods. */
  readonly bytes: number;
}

/** Of one proxy. */
export interface ProxyStats {
  readonly ports: ReadonlyMap<PortKey, PortStats>;
  /** Calls that came, also those that it answered itself because they were denied, or there was no pod. */
  readonly arrived: number;
  /** Connections of callers, also those on which nothing is said. */
  readonly connections: number;
}

const answer = z.object({
  stats: z.array(z.union([z.object({ name: z.string(), value: z.number() }), z.object({}).loose()])),
});

/** Each thing that is counted of ports, with the port's key in the name of the counter. */
const ofPorts: readonly (readonly [kept: keyof PortStats, counter: RegExp])[] = [
  ['calls', /^cluster\.([^/]+\/.+)\.upstream_rq_total$/],
  ['open', /^cluster\.([^/]+\/.+)\.upstream_rq_active$/],
  ['bytes', /^cluster\.([^/]+\/.+\/udp)\.upstream_cx_tx_bytes_total$/],
];
const arrivals = /^(?:http\.mesh\.downstream_rq|tcp\.mesh\.downstream_cx)_total$/;
const connections = /^listener\.(?:http|tcp)\/\d+\.downstream_cx_active$/;

/** Path of a proxy's admin interface that gives all of it: of a service that was never called, nothing. */
export const proxyStatsPath: string = `/stats?format=json&usedonly&filter=${encodeURIComponent(
  [...ofPorts.map(([, counter]) => counter), arrivals, connections].map(({ source }) => source).join('|'),
)}`;

/** Reads what it gives; undefined for what no Envoy would. */
export function readProxyStats(given: unknown): ProxyStats | undefined {
  const { success, data } = answer.safeParse(given);
  if (!success) return undefined;
  const ports = new Map<PortKey, PortStats>();
  const sums = { arrived: 0, connections: 0 };
  for (const stat of data.stats) {
    if (!('name' in stat) || typeof stat.name !== 'string' || typeof stat.value !== 'number') continue;
    const { name, value } = stat;
    if (arrivals.test(name)) sums.arrived += value;
    if (connections.test(name)) sums.connections += value;
    for (const [kept, counter] of ofPorts) {
      const port = counter.exec(name)?.[1];
      if (port === undefined) continue;
      ports.set(port, { ...(ports.get(port) ?? { calls: 0, open: 0, bytes: 0 }), [kept]: value });
    }
  }
  return { ports, ...sums };
}
