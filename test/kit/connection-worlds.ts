// Random worlds for the access control of TCP and UDP, and what TrafficTargets allow in them, worked out a second time: from
// the manifests and in the plainest way.

import fc from 'fast-check';
import type { KubeObject, KubePod, KubeTrafficSplit, KubeTrafficTarget } from '../../src/model/objects.ts';
import type { TrafficType } from '../../src/model/topology.ts';
import { kubePod, kubeService } from './objects.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from './smi-objects.ts';

const account = fc.constantFrom('a', 'b', 'c');
/** Addresses of pods. */
export const podAddresses: readonly string[] = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '10.0.0.4',
  'fd00::5',
  'fd00::6',
];
const app = fc.constantFrom('s', 't', 'u');

const parts = {
  pods: fc.array(
    fc.record({
      app,
      serviceAccount: account,
      address: fc.constantFrom(...podAddresses),
      finished: fc.constantFrom(false, false, true),
      hostNetwork: fc.constantFrom(false, false, false, true),
    }),
    { maxLength: 8 },
  ),
  targets: fc.array(
    fc.record({
      destination: account,
      port: fc.constantFrom(undefined, 7000, 7001, 8000),
      sources: fc.uniqueArray(account, { minLength: 1, maxLength: 2 }),
      rules: fc.subarray(['http', 'missing', 'all', 'one']),
    }),
    { maxLength: 5 },
  ),
  split: fc.option(fc.record({ s: fc.integer({ min: 0, max: 2 }), t: fc.integer({ min: 0, max: 2 }) }), {
    nil: undefined,
  }),
};

/** Everything in it but the services, of which there are always the same. */
export interface World {
  readonly pods: readonly {
    readonly app: string;
    readonly serviceAccount: string;
    readonly address: string;
    readonly finished: boolean;
    readonly hostNetwork: boolean;
  }[];
  readonly targets: readonly {
    readonly destination: string;
    readonly port: number | undefined;
    readonly sources: readonly string[];
    readonly rules: readonly string[];
  }[];
  readonly split: Readonly<Record<string, number>> | undefined;
}

/** A world, any. */
export const worlds: fc.Arbitrary<World> = fc.record(parts);

/** What becomes different in a world; mostly one thing. */
export const worldChanges: fc.Arbitrary<Partial<World>> = fc.oneof(
  fc.record({ pods: parts.pods }),
  fc.record({ targets: parts.targets }),
  fc.record({ split: parts.split }),
  worlds,
);

/** The objects of a world. */
export interface WorldObjects {
  readonly pods: readonly KubePod[];
  readonly targets: readonly KubeTrafficTarget[];
  readonly splits: readonly KubeTrafficSplit[];
  readonly others: readonly KubeObject[];
}

const identity = (name: string) => ({ kind: 'ServiceAccount', name, namespace: 'store' });

/** Services of ports 7000 and 7001, which are 8000 and 8001 on the pods. */
export function objectsOf({ pods, targets, split }: World, traffic: TrafficType): WorldObjects {
  const protocol = traffic === 'udp' ? 'UDP' : 'TCP';
  const kind = traffic === 'udp' ? 'UDPRoute' : 'TCPRoute';
  const route = (name: string, ...ports: readonly number[]): KubeObject => ({
    kind,
    namespace: 'store',
    name,
    labels: {},
    ports,
  });
  return {
    pods: pods.map(({ app: label, address, ...rest }, index) =>
      kubePod({ ...rest, name: `pod-${index}`, labels: { app: label }, ips: [address] }),
    ),
    targets: targets.map(({ destination, sources, rules, port }, index) =>
      kubeTarget({
        name: `target-${index}`,
        port,
        destination: identity(destination),
        sources: sources.map(identity),
        rules: rules.map((name) => ({ kind: name === 'http' ? 'HTTPRouteGroup' : kind, name, matches: [] })),
      }),
    ),
    splits:
      split === undefined
        ? []
        : [
            kubeSplit({
              service: 'u',
              backends: Object.entries(split).map(([service, weight]) => ({ service, weight })),
            }),
          ],
    others: [
      ...['s', 't', 'u'].map((name) =>
        kubeService({
          name,
          selector: { app: name },
          annotations: { 'mesh.traefik.io/traffic-type': traffic },
          ports: [7000, 7001].map((port) => ({ name: `p${port}`, port, protocol, targetPort: port + 1000 })),
        }),
      ),
      kubeRouteGroup({ name: 'http' }),
      route('all'),
      route('one', 7001),
    ],
  };
}

/** All of them. */
export function listOf({ pods, targets, splits, others }: WorldObjects): readonly KubeObject[] {
  return [...pods, ...targets, ...splits, ...others];
}

/** The service account that calls from an address: nobody's where pods of several have it, or one that has its node's. */
export function callerAt(address: string, { pods }: Pick<WorldObjects, 'pods'>): string | undefined {
  const holders = pods.filter(({ finished, ips }) => !finished && ips.includes(address));
  const accounts = new Set(holders.map((pod) => pod.serviceAccount));
  const isNode = holders.some(({ hostNetwork }) => hostNetwork);
  return accounts.size === 1 && !isNode ? [...accounts][0] : undefined;
}

/** Whether a TrafficTarget lets a caller in to a pod, as a port of its service. */
export function isAllowed(
  { destination, sources, port: wanted, rules }: KubeTrafficTarget,
  call: { readonly caller: string | undefined; readonly pod: KubePod; readonly port: number },
): boolean {
  const { caller, pod, port } = call;
  return (
    destination.name === pod.serviceAccount &&
    sources.some((source) => source.name === caller) &&
    [undefined, port, port + 1000].includes(wanted) &&
    (rules.length === 0 || rules.some(({ name }) => name === 'all' || (name === 'one' && port === 7001)))
  );
}
