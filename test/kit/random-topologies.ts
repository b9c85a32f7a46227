// Random topologies for the properties of the translation: few names, so that services come, go and come back, and
// change between traffic types and mesh ports.

import fc from 'fast-check';

import type { Service, Topology } from '../../src/model/topology.ts';
import { type GivenPort, meshService, meshTopology } from './topologies.ts';

const pods = fc.uniqueArray(
  fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
    port: fc.constantFrom(8080, 8081),
    otherAddresses: fc.constantFrom([], ['fd00::9']),
  }),
  { maxLength: 4, selector: ({ address, port }) => `${address} ${port}` },
);

const somePort: fc.Arbitrary<GivenPort> = fc.record({
  port: fc.constantFrom(80, 81, 8080),
  traffic: fc.constantFrom('http', 'tcp', 'udp'),
  upstream: fc.constantFrom('auto', 'http1', 'http2'),
  upstreamTls: fc.boolean(),
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

/** Ports beyond one block of each type, so that blocks come and go. */
const meshPorts = fc.uniqueArray(fc.integer({ min: 0, max: 600 }), { minLength: 15, maxLength: 15 });

/** Topologies as the model makes them: keys and mesh ports are unique, some ports have none. */
export const topologies: fc.Arbitrary<Topology> = fc
  .record({
    services: fc.uniqueArray(someService, { maxLength: 5, selector: ({ key }) => key }),
    offsets: meshPorts,
  })
  .map(({ services, offsets }) => {
    let next = 0;
    const made = services.map(({ key, ports, isLocal }, index): Service => {
      const given = ports.map((port) => {
        const offset = offsets[next++] ?? 0;
        const first = port.traffic === 'tcp' ? 27_680 : 20_000;
        return offset % 7 === 0 ? port : { ...port, meshPort: first + offset };
      });
      return meshService(key, given, isLocal ? { localAddress: `127.1.0.${index + 1}` } : {});
    });
    return meshTopology(made);
  });

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
        const next = meshTopology(withoutClashes(services));
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
      meshPort === undefined ? [] : [`${traffic} ${meshPort}`],
    );
    if (localAddress !== undefined) claims.push(localAddress);
    if (claims.some((claim) => taken.has(claim))) return false;
    for (const claim of claims) taken.add(claim);
    return true;
  });
}
