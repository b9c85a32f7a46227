// Random topologies for the properties of the translation: few names, so that services come, go and come back, and
// change between traffic types and mesh ports.

import fc from 'fast-check';

import type { PortPolicy } from '../../src/model/policy.ts';
import type {
  Service,
  ServicePort,
  SharedPort,
  Split,
  SplitBackend,
  Topology,
} from '../../src/model/topology.ts';
import { type GivenPort, meshService, meshTopology } from './topologies.ts';

const pods = fc.uniqueArray(
  fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
    port: fc.constantFrom(8080, 8081),
    otherAddresses: fc.constantFrom([], ['fd00::9']),
  }),
  { maxLength: 4, selector: ({ address, port }) => `${address} ${port}` },
);

/** Policies as the model makes them of annotations. Those that say the same are not always the same object. */
const somePolicy: fc.Arbitrary<PortPolicy> = fc
  .constantFrom(
    '{}',
    '{ "retryAttempts": 2, "requestTimeoutMs": 100 }',
    '{ "rateLimit": { "average": 1, "burst": 2 }, "maxConnections": 5 }',
    '{ "circuitBreaker": { "kind": "comparison", "measure": { "kind": "network-errors" }, "operator": ">", "value": 1 } }',
    '{ "affinity": { "by": "source" }, "tls": { "trusted": "nobody" } }',
    '{ "outlierEjection": { "consecutiveErrors": 1, "ejectionMs": 1, "maxEjectedPercent": 1 } }',
  )
  .map((json) => JSON.parse(json) as PortPolicy);

const somePort: fc.Arbitrary<GivenPort> = fc.record({
  port: fc.constantFrom(80, 81, 8080),
  traffic: fc.constantFrom('http', 'tcp', 'udp'),
  upstream: fc.constantFrom('auto', 'http1', 'http2'),
  upstreamTls: fc.boolean(),
  policy: somePolicy,
  endpoints: pods,
});

const someService = fc.record({
  key: fc.constantFrom('a/x', 'a/x-y', 'a/z', 'b/x', 'b-a/x'),
  ports: fc.uniqueArray(somePort, {
    maxLength: 3,
    selector: ({ port, traffic }) => `${port} ${traffic === 'udp' ? 'UDP' : 'TCP'}`,
  }),
  isLocal: fc.boolean(),
});

const someSplit = fc.record({
  root: fc.nat(),
  matches: fc.option(
    fc.array(
      fc.record({
        methods: fc.subarray(['GET', 'PUT']),
        pathRegex: fc.constantFrom('', '/a', 'b'),
        headers: fc.constantFrom([], [{ name: 'cookie', regex: 'x' }]),
      }),
      { maxLength: 2 },
    ),
    { nil: undefined },
  ),
  backends: fc.array(fc.record({ at: fc.nat(), weight: fc.constantFrom(1, 2.5, 1e-9, 1e12) }), {
    minLength: 1,
    maxLength: 3,
  }),
});

/** Ports beyond one block of each type, so that blocks come and go. */
const meshPorts = fc.uniqueArray(fc.integer({ min: 0, max: 600 }), { minLength: 15, maxLength: 15 });

/** Mesh ports that services share, by the place of the port in its Service, beyond those that they have to themselves. */
const sharedPorts: readonly SharedPort[] = [
  { port: 20_601, isLeft: false },
  { port: 20_602, isLeft: true },
];

/** Topologies as the model makes them: keys and mesh ports are unique, some ports have none. */
export const topologies: fc.Arbitrary<Topology> = fc
  .record({
    services: fc.uniqueArray(someService, { maxLength: 5, selector: ({ key }) => key }),
    offsets: meshPorts,
    splits: fc.array(someSplit, { maxLength: 4 }),
  })
  .map(({ services, offsets, splits }) => {
    let next = 0;
    const made = services.map(({ key, ports, isLocal }, index): Service => {
      const given = ports.map((port, place) => {
        const offset = offsets[next++] ?? 0;
        const first = port.traffic === 'tcp' ? 27_680 : 20_000;
        if (offset % 7 === 0) return port;
        const sharedPort = sharedPorts[place];
        const isSharing = port.traffic === 'http' && sharedPort !== undefined && offset % 3 === 0;
        const meshPort = isSharing && offset % 2 === 0 ? sharedPort.port : first + offset;
        return { ...port, meshPort, ...(isSharing && { sharedPorts: [sharedPort] }) };
      });
      return meshService(key, given, isLocal ? { localAddress: `127.1.0.${index + 1}` } : {});
    });
    return meshTopology(withSplits(made, splits));
  });

type SomeSplit = typeof someSplit extends fc.Arbitrary<infer S> ? S : never;

/** Splits between served ports of one traffic type, as the model makes them. */
function withSplits(services: readonly Service[], given: readonly SomeSplit[]): readonly Service[] {
  const served = services.flatMap(({ ports }) => ports).filter(({ meshPort }) => meshPort !== undefined);
  const splitsOf = new Map<string, readonly Split[]>();
  for (const some of given) {
    const port = served[some.root % served.length];
    const split = port === undefined ? undefined : splitOf(port, some, served);
    if (port === undefined || split === undefined) continue;
    const before = port.traffic === 'http' ? (splitsOf.get(port.key) ?? []) : [];
    splitsOf.set(port.key, [...before, split]);
  }
  return services.map((service) => ({
    ...service,
    ports: service.ports.map((port) => {
      const splits = splitsOf.get(port.key);
      return splits === undefined ? port : { ...port, splits };
    }),
  }));
}

function splitOf(
  { key: root, traffic }: ServicePort,
  { matches, backends }: SomeSplit,
  served: readonly ServicePort[],
): Split | undefined {
  const others = served.filter((port) => port.traffic === traffic && port.key !== root);
  const found = new Map<string, SplitBackend>();
  for (const { at, weight } of backends) {
    const other = others[at % others.length];
    if (other === undefined) return undefined;
    const { key, endpoints } = other;
    found.set(key, { key, weight, ...(traffic !== 'http' && { endpoints }) });
  }
  const isSome = traffic === 'http' && matches !== undefined;
  return { ...(isSome && { matches }), backends: [...found.values()] };
}

/** Without splits between ports of which one is gone, of a service that has been kept while others were not. */
function withoutLostSplits(services: readonly Service[]): readonly Service[] {
  const served = new Map(
    services.flatMap(({ ports }) => ports).map(({ key, meshPort, traffic }) => [key, meshPort && traffic]),
  );
  const isLost = ({ traffic, splits = [] }: ServicePort): boolean =>
    splits.some(({ backends }) => backends.some(({ key }) => served.get(key) !== traffic));
  return services.map((service) =>
    service.ports.some(isLost)
      ? { ...service, ports: service.ports.map(({ splits: _lost, ...port }) => port) }
      : service,
  );
}

/**
 * Steps from one topology to the next in which, as the model promises, what has not changed keeps its reference.
 */
export const sequences: fc.Arbitrary<readonly Topology[]> = fc
  .array(topologies, { minLength: 1, maxLength: 8 })
  .chain((all) =>
    fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }).map((keep) => {
      let turn = 0;
      const kept = new Map<string, Service>();
      return all.map((topology) => {
        // A service that is kept from the step before crowds out those that claim one of its mesh ports.
        const services = [...topology.services.values()].map((service) => {
          const before = kept.get(service.key);
          return before !== undefined && keep[turn++ % keep.length] === true ? before : service;
        });
        const next = meshTopology(withoutLostSplits(withoutClashes(services)));
        kept.clear();
        for (const service of next.services.values()) kept.set(service.key, service);
        return next;
      });
    }),
  );

function withoutClashes(services: readonly Service[]): readonly Service[] {
  const taken = new Set<string>();
  return services.filter(({ ports, localAddress }) => {
    const claims = ports.flatMap(({ traffic, meshPort }) =>
      meshPort === undefined || sharedPorts.some(({ port }) => port === meshPort)
        ? []
        : [`${traffic} ${meshPort}`],
    );
    if (localAddress !== undefined) claims.push(localAddress);
    if (claims.some((claim) => taken.has(claim))) return false;
    for (const claim of claims) taken.add(claim);
    return true;
  });
}
