// Cases of TCP and UDP: services and splits of them.

import fc from 'fast-check';
import type { KubeSplitBackend } from '../../../src/model/objects.ts';
import { kubeRouteGroup, kubeSplit } from '../smi-objects.ts';
import { workload, type CaseMaker, type Probe, type Trait } from './case.ts';
import { podPorts, type PodName } from './pods.ts';

/** TCP: to the port of the same number, or of another, or of a name. */
const targets = fc.constantFrom<number | string>(podPorts.tcp, podPorts.tcp, 'tcp');

const traffic = fc.constantFrom('tcp' as const, 'udp' as const);

const services = fc
  .record({
    traffic,
    // Without pods, Traefik refused the whole configuration of the original, which is no case to compare.
    pods: fc.subarray<PodName>(['p1', 'p2', 'p3'], { minLength: 1 }),
  })
  .map(({ traffic: type, pods }): CaseMaker => (namespace) => ({
    objects: service(namespace, { name: 'db', type, pods, port: 5432 }),
    probes: [probe(type, { times: 8, port: 5432 })],
    traits: new Set(),
  }));

const splits = fc
  .record({
    traffic,
    target: targets,
    weights: fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom(1, 2)),
    hasGhost: fc.boolean(),
    hasMatches: fc.boolean(),
    isOnTargetPort: fc.boolean(),
  })
  .map(({ traffic: type, target, weights, hasGhost, hasMatches, isOnTargetPort }): CaseMaker => {
    const targetPort = type === 'udp' ? podPorts.udp : target;
    const port = isOnTargetPort ? podPorts[type] : 5432;
    const [ofA, ofB] = weights;
    const backends: readonly KubeSplitBackend[] = [
      { service: 'a', weight: ofA },
      { service: 'b', weight: ofB },
      ...(hasGhost ? [{ service: 'ghost', weight: 1 }] : []),
    ];
    const traits: Trait[] = [];
    if (port !== targetPort) traits.push('another target port');
    if (hasMatches) traits.push('matches of connections');
    return (namespace) => ({
      objects: [
        ...service(namespace, { name: 'db', type, pods: ['p1'], port, targetPort }),
        ...service(namespace, { name: 'a', type, pods: ['p2', 'p3'], port, targetPort }),
        ...service(namespace, { name: 'b', type, pods: ['p4'], port, targetPort }),
        kubeRouteGroup({ namespace, name: 'g' }),
        kubeSplit({ namespace, name: 's', service: 'db', backends, routeGroups: hasMatches ? ['g'] : [] }),
      ],
      // A datagram that nobody answers is waited for.
      probes: [
        probe(type, { port, times: type === 'udp' && port !== targetPort ? 1 : 80, isByChance: true }),
      ],
      traits: new Set(traits),
    });
  });

/** Cases of TCP and UDP. */
export const l4Cases: fc.Arbitrary<CaseMaker> = fc.oneof(services, splits);

function service(
  namespace: string,
  given: {
    readonly name: string;
    readonly type: 'tcp' | 'udp';
    readonly pods: readonly PodName[];
    readonly port: number;
    readonly targetPort?: number | string;
  },
): ReturnType<typeof workload> {
  const { name, type, pods, port, targetPort = podPorts[type] } = given;
  const protocol = type === 'udp' ? 'UDP' : 'TCP';
  return workload(namespace, {
    name,
    pods,
    annotations: { 'mesh.traefik.io/traffic-type': type },
    ports: [{ port, targetPort, protocol }],
  });
}

function probe(type: 'tcp' | 'udp', given: Pick<Probe, 'port' | 'times' | 'isByChance'>): Probe {
  return { service: 'db', traffic: type, ...given };
}
