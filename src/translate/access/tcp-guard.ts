// Who gets through to TCP ports. What is asked first is who calls, so that each address stands in a listener once, whatever
// number of its ports the caller may use: a pod that comes or goes changes one line of it.

import { create } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';

import { DestinationPortInputSchema } from '../../gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { type Matcher_OnMatch, Matcher_OnMatchSchema } from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { byText, type ObjectKey } from '../../model/key.ts';
import type { Topology } from '../../model/topology.ts';
import { type Chain, type Guard, openChain } from '../listener.ts';
import { clusterName, callerChainName, type ServedPort } from '../names.ts';
import { any } from '../pack.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { byCaller } from './caller-matcher.ts';
import { connectionReaches, partOf } from './connection-reach.ts';

/** Addresses of callers by service account. */
export type Callers = NonNullable<Topology['callers']>;

/** A port of a listener: the number on which it is open there. */
export interface GuardedPort {
  readonly port: ServedPort;
  readonly number: number;
}

export interface GuardOptions {
  readonly callers: Callers;
  /**
   * Whether an open connection is closed when its caller may no longer open it. Each caller then has a chain of its own to
   * each port: Envoy closes connections of a chain that is gone.
   */
  readonly closesForbidden?: boolean | undefined;
}

/** The guard of a listener with these ports. */
export function tcpGuard(ports: readonly GuardedPort[], options: GuardOptions): Guard {
  const passages = ports.flatMap((port) => passagesOf(port, options));
  const chains = new Map(passages.flatMap(({ chain }) => (chain === undefined ? [] : [[chain.name, chain]])));
  const bySource = Map.groupBy(passages, ({ source }) => source);
  const matches = together(bySource, options.callers).map(({ addresses, passages: own }) => ({
    addresses,
    onMatch: byPort(own),
  }));
  return { matcher: byCaller(matches), chains: [...chains.values()] };
}

/** A caller's way to a port. */
interface Passage {
  readonly source: ObjectKey;
  readonly number: number;
  /** Absent: the listener's own. */
  readonly chain?: Chain;
}

function passagesOf(
  { port, number }: GuardedPort,
  { closesForbidden = false }: GuardOptions,
): readonly Passage[] {
  return connectionReaches(port).flatMap((reach) => {
    const part = partOf(port, reach);
    const to = (name: string): Chain => ({
      name,
      filters: [tcpProxy({ statPrefix: 'mesh', cluster: clusterName(part) })],
    });
    return reach.sources.map((source): Passage => {
      if (closesForbidden) return { source, number, chain: to(callerChainName(port, source)) };
      return { source, number, ...(part !== port && { chain: to(part.key) }) };
    });
  });
}

/** Callers with the same passages together, and without those who have no address. */
function together(
  bySource: ReadonlyMap<ObjectKey, readonly Passage[]>,
  callers: Callers,
): readonly { readonly addresses: readonly string[]; readonly passages: readonly Passage[] }[] {
  const groups = new Map<string, { readonly addresses: string[]; readonly passages: readonly Passage[] }>();
  for (const [source, passages] of [...bySource].toSorted(([a], [b]) => byText(a, b))) {
    const addresses = callers.get(source) ?? [];
    if (addresses.length === 0) continue;
    const id = JSON.stringify(passages.map(({ number, chain }) => [number, chain?.name]));
    const group = groups.get(id) ?? { addresses: [], passages };
    group.addresses.push(...addresses);
    groups.set(id, group);
  }
  return [...groups.values()];
}

function byPort(passages: readonly Passage[]): Matcher_OnMatch {
  const map = Object.fromEntries(passages.map(({ number, chain }) => [number, toChain(chain?.name)]));
  const input = { name: 'port', typedConfig: any(DestinationPortInputSchema, {}) };
  const treeType = { case: 'exactMatchMap' as const, value: { map } };
  return create(Matcher_OnMatchSchema, {
    onMatch: {
      case: 'matcher',
      value: { matcherType: { case: 'matcherTree', value: { input, treeType } } },
    },
  });
}

function toChain(name = openChain): Matcher_OnMatch {
  return create(Matcher_OnMatchSchema, {
    onMatch: {
      case: 'action',
      value: { name: 'chain', typedConfig: any(StringValueSchema, { value: name }) },
    },
  });
}
