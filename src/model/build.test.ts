import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  kubeEndpoint,
  kubeEndpoints,
  kubePod,
  kubeService,
  kubeSlice,
  put,
  take,
} from '../../test/kit/objects.ts';
import { parseAddressRange } from './addresses.ts';
import { buildTopology, TopologyBuilder, type ModelOptions } from './build.ts';
import type { KubeContainerPort, KubeObject } from './objects.ts';
import type { ObjectChange } from './offer.ts';
import { standalonePorts } from './ports.ts';
import type { ServicePort, Topology } from './topology.ts';

const options: ModelOptions = { defaultMode: 'http', ports: standalonePorts, addresses: undefined };

function build(...objects: readonly KubeObject[]): Topology {
  return buildTopology(objects, options);
}

function portsOf(topology: Topology, key = 'store/shop'): readonly ServicePort[] {
  const service = topology.services.get(key);
  assert.ok(service, `${key} is in the topology`);
  return service.ports;
}

function endpointsOf(topology: Topology, index = 0): readonly string[] {
  const port = portsOf(topology)[index];
  assert.ok(port);
  return port.endpoints.map(({ address, port: number }) => `${address}:${number}`);
}

function codesOf(topology: Topology): readonly string[] {
  return topology.problems.map(({ code }) => code);
}

describe('services of the mesh', () => {
  it('leave out what belongs to the cluster, to the mesh itself, and ExternalName', () => {
    const topology = build(
      kubeService(),
      kubeService({ name: 'outside', type: 'ExternalName' }),
      kubeService({ namespace: 'kube-system', name: 'dns' }),
      kubeService({ namespace: 'default', name: 'kubernetes' }),
      kubeService({ namespace: 'maesh', name: 'shadow', labels: { app: 'maesh' } }),
      kubeService({ name: 'tracing', labels: { app: 'jaeger' } }),
    );
    assert.deepEqual([...topology.services.keys()], ['store/shop', 'store/tracing']);
    assert.deepEqual(topology.problems, []);
  });

  it('take their traffic type from either annotation, the newer one first, else from the default mode', () => {
    const annotated = (annotations: Record<string, string>): ServicePort | undefined =>
      portsOf(build(kubeService({ annotations })))[0];
    assert.equal(annotated({})?.traffic, 'http');
    assert.equal(annotated({ 'maesh.containo.us/traffic-type': 'tcp' })?.traffic, 'tcp');
    const both = { 'maesh.containo.us/traffic-type': 'http', 'mesh.traefik.io/traffic-type': 'tcp' };
    assert.equal(annotated(both)?.traffic, 'tcp');
    const byDefault = buildTopology([kubeService()], { ...options, defaultMode: 'tcp' });
    assert.equal(portsOf(byDefault)[0]?.traffic, 'tcp');
  });

  it('are spoken to as appProtocol says, and as the scheme annotation says where there is one', () => {
    const spoken = (appProtocol: string | undefined, scheme?: string): unknown => {
      const annotations = scheme === undefined ? {} : { 'mesh.traefik.io/scheme': scheme };
      const port = portsOf(build(kubeService({ annotations, ports: [{ appProtocol }] })))[0];
      return [port?.upstream, port?.upstreamTls];
    };
    assert.deepEqual(spoken(undefined), ['auto', false]);
    assert.deepEqual(spoken('mysql'), ['auto', false]);
    assert.deepEqual(spoken('http'), ['http1', false]);
    assert.deepEqual(spoken('kubernetes.io/ws'), ['http1', false]);
    assert.deepEqual(spoken('kubernetes.io/h2c'), ['http2', false]);
    assert.deepEqual(spoken('GRPC'), ['http2', false]);
    assert.deepEqual(spoken('https'), ['auto', true]);
    assert.deepEqual(spoken('kubernetes.io/wss'), ['http1', true]);
    assert.deepEqual(spoken('https', 'h2c'), ['http2', false]);
  });

  it('serve only ports of the protocol that their traffic type takes, and say which they leave out', () => {
    const ports = [{ port: 53 }, { port: 53, protocol: 'UDP', name: 'u' } as const];
    const http = build(kubeService({ ports }));
    assert.deepEqual(
      portsOf(http).map(({ key }) => key),
      ['store/shop/53'],
    );
    assert.match(http.problems[0]?.message ?? '', /port 53 is UDP/);
    const udp = build(kubeService({ ports, annotations: { 'mesh.traefik.io/traffic-type': 'udp' } }));
    assert.deepEqual(
      portsOf(udp).map(({ key }) => key),
      ['store/shop/53/udp'],
    );
    const sctp = build(kubeService({ ports: [{ port: 9, protocol: 'SCTP' }] }));
    assert.deepEqual(portsOf(sctp), []);
    assert.match(sctp.problems[0]?.advice ?? '', /no SCTP/);
  });

  it('know nothing of Namespaces and ServiceAccounts yet', () => {
    const topology = build(
      { kind: 'Namespace', namespace: '', name: 'store', labels: {} },
      { kind: 'ServiceAccount', namespace: 'store', name: 'default', labels: {} },
    );
    assert.equal(topology.services.size, 0);
  });
});

describe('endpoints', () => {
  it('come from EndpointSlices first, then from Endpoints, then from pods', () => {
    const pods = [kubePod(), kubePod({ name: 'shop-2', ips: ['10.0.0.2'] })];
    const endpoints = kubeEndpoints({
      subsets: [
        {
          addresses: [
            { ip: '10.0.1.1', nodeName: 'n', pod: 'x' },
            { ip: 'fd00::1', nodeName: undefined, pod: undefined },
          ],
          notReadyAddresses: [{ ip: '10.0.1.9', nodeName: undefined, pod: undefined }],
          ports: [{ name: '', port: 81, protocol: 'TCP', appProtocol: undefined }],
        },
      ],
    });
    assert.deepEqual(endpointsOf(build(kubeService(), ...pods)), ['10.0.0.1:80', '10.0.0.2:80']);
    assert.deepEqual(endpointsOf(build(kubeService(), ...pods, endpoints)), ['10.0.1.1:81', 'fd00::1:81']);
    assert.deepEqual(endpointsOf(build(kubeService(), ...pods, endpoints, kubeSlice())), ['10.0.0.1:8080']);
  });

  it('find the port of a slice by its name and protocol', () => {
    const slice = kubeSlice({
      ports: [
        { name: 'web', port: 8080, protocol: 'TCP', appProtocol: undefined },
        { name: 'web', port: 8081, protocol: 'UDP', appProtocol: undefined },
        { name: 'admin', port: 9090, protocol: 'TCP', appProtocol: undefined },
        { name: 'all', port: undefined, protocol: 'TCP', appProtocol: undefined },
      ],
    });
    const service = kubeService({
      ports: [{ name: 'admin', port: 81 }, { name: 'web' }, { name: 'all', port: 82 }],
    });
    const topology = build(service, slice);
    assert.deepEqual(endpointsOf(topology, 0), ['10.0.0.1:9090']);
    assert.deepEqual(endpointsOf(topology, 1), ['10.0.0.1:8080']);
    assert.deepEqual(endpointsOf(topology, 2), []);
  });

  it('say when no slice has a port of the name', () => {
    const topology = build(kubeService({ ports: [{ name: 'http' }] }), kubeSlice());
    assert.deepEqual(codesOf(topology), ['MAESH_ENDPOINT_PORT_NAME']);
  });

  it('leave out slices of host names and say so', () => {
    const topology = build(kubeService(), kubeSlice({ addressType: 'FQDN' }));
    assert.deepEqual(endpointsOf(topology), []);
    assert.deepEqual(codesOf(topology), ['MAESH_ENDPOINT_HOST_NAME']);
  });

  it('resolve a named targetPort pod by pod, and say in which pods it names nothing', () => {
    const named = (port: number, name = 'web'): KubeContainerPort => ({ name, port, protocol: 'TCP' });
    const topology = build(
      kubeService({ ports: [{ targetPort: 'web' }] }),
      kubePod({ containerPorts: [named(8080)] }),
      kubePod({ name: 'shop-2', ips: ['10.0.0.2'], containerPorts: [named(9, 'x'), named(8081)] }),
      kubePod({
        name: 'shop-3',
        ips: ['10.0.0.3'],
        containerPorts: [{ name: 'web', port: 5, protocol: 'UDP' }],
      }),
      kubePod({ name: 'shop-4', ips: [] }),
      kubePod({ name: 'shop-5', ips: ['10.0.0.5'], finished: true }),
      kubePod({ name: 'other', ips: ['10.0.0.6'], labels: { app: 'other' } }),
    );
    assert.deepEqual(endpointsOf(topology), ['10.0.0.1:8080', '10.0.0.2:8081']);
    assert.match(topology.problems[0]?.message ?? '', /in 1 of 3 pods, such as store\/shop-3/);
  });

  it('use the ready ones, and those that leave but still serve only where none is ready', () => {
    const leaving = kubeEndpoint({ addresses: ['10.0.0.2'], ready: false, terminating: true });
    const dead = kubeEndpoint({ addresses: ['10.0.0.3'], ready: false, serving: false, terminating: true });
    const unready = kubeEndpoint({ addresses: ['10.0.0.4'], ready: false, serving: false });
    const of = (...endpoints: Array<typeof leaving>): readonly string[] =>
      endpointsOf(build(kubeService(), kubeSlice({ endpoints })));
    assert.deepEqual(of(kubeEndpoint(), leaving, dead, unready), ['10.0.0.1:8080']);
    assert.deepEqual(of(leaving, dead, unready), ['10.0.0.2:8080']);
    assert.deepEqual(of(dead, unready, kubeEndpoint({ addresses: [] })), []);
  });

  it('follow the readiness of pods, which publishNotReadyAddresses overrules', () => {
    const pods = [
      kubePod({ ready: false }),
      kubePod({ name: 'shop-2', ips: ['10.0.0.2'], terminating: true }),
    ];
    assert.deepEqual(endpointsOf(build(kubeService(), ...pods)), ['10.0.0.2:80']);
    const published = kubeService({ publishNotReadyAddresses: true });
    assert.deepEqual(endpointsOf(build(published, ...pods)), ['10.0.0.1:80', '10.0.0.2:80']);
  });

  it('make one endpoint of both addresses of a pod, the preferred family first', () => {
    const four = kubeSlice({ endpoints: [kubeEndpoint({ pod: 'shop-1' })] });
    const six = kubeSlice({
      name: 'shop-b',
      addressType: 'IPv6',
      endpoints: [kubeEndpoint({ addresses: ['fd00::1'], pod: 'shop-1' })],
    });
    const of = (ipFamilies: readonly ('IPv4' | 'IPv6')[]): unknown =>
      portsOf(build(kubeService({ ipFamilies }), four, six))[0]?.endpoints.map((endpoint) => [
        endpoint.address,
        ...endpoint.otherAddresses,
      ]);
    assert.deepEqual(of([]), [['10.0.0.1', 'fd00::1']]);
    assert.deepEqual(of(['IPv6', 'IPv4']), [['fd00::1', '10.0.0.1']]);
    const pod = kubePod({ ips: ['10.0.0.1', 'fd00::1'] });
    assert.deepEqual(endpointsOf(build(kubeService(), pod)), ['10.0.0.1:80']);
  });

  it('hold an address once, however many slices have it', () => {
    const again = kubeSlice({ name: 'shop-b', endpoints: [kubeEndpoint({ pod: 'shop-1' }), kubeEndpoint()] });
    assert.deepEqual(endpointsOf(build(kubeService(), kubeSlice(), again)), ['10.0.0.1:8080']);
  });

  it('are none for a service without a selector of which nobody wrote any', () => {
    assert.deepEqual(endpointsOf(build(kubeService({ selector: undefined }), kubePod())), []);
    assert.deepEqual(endpointsOf(build(kubeService({ selector: {} }), kubePod())), []);
  });
});

describe('a builder', () => {
  it('keeps the reference of everything that did not change', () => {
    const builder = new TopologyBuilder(options);
    const other = kubeService({
      name: 'other',
      selector: { app: 'other' },
      ports: [
        { port: 1, name: 'a' },
        { port: 2, name: 'b' },
      ],
    });
    builder.apply({ changes: [put(kubeService()), put(other), put(kubeSlice())], problems: [] });
    const first = builder.build();
    assert.equal(builder.build(), first);
    builder.apply({ changes: [put(kubeSlice()), put(kubePod())], problems: [] });
    assert.equal(builder.build(), first, 'an equal slice and a pod that nobody asks for change nothing');
    builder.apply({ changes: [put(kubeSlice({ endpoints: [] }))], problems: [] });
    const second = builder.build();
    assert.equal(second.services.get('store/other'), first.services.get('store/other'));
    assert.notEqual(second.services.get('store/shop'), first.services.get('store/shop'));
    assert.equal(second.problems, first.problems);
    builder.apply({ changes: [put({ ...other, ports: other.ports.toReversed() })], problems: [] });
    const third = builder.build();
    assert.equal(third.services.get('store/other')?.ports[1], second.services.get('store/other')?.ports[0]);
  });

  it('follows services, slices and pods as they come and go', () => {
    const builder = new TopologyBuilder(options);
    const step = (...changes: Array<ReturnType<typeof put>>): Topology => {
      builder.apply({ changes, problems: [] });
      return builder.build();
    };
    assert.equal(step(put(kubePod())).services.size, 0);
    assert.deepEqual(endpointsOf(step(put(kubeService()))), ['10.0.0.1:80']);
    assert.deepEqual(endpointsOf(step(put(kubePod({ name: 'shop-2', ips: ['10.0.0.2'] })))), [
      '10.0.0.1:80',
      '10.0.0.2:80',
    ]);
    assert.deepEqual(endpointsOf(step(take(kubePod()))), ['10.0.0.2:80']);
    const moved = kubePod({ name: 'shop-2', ips: ['10.0.0.2'], labels: {} });
    assert.deepEqual(endpointsOf(step(put(moved))), []);
    assert.deepEqual(endpointsOf(step(put(kubeSlice()))), ['10.0.0.1:8080']);
    assert.deepEqual(endpointsOf(step(put(kubeSlice({ service: 'other' })))), []);
    assert.deepEqual(endpointsOf(step(take(kubeSlice()), put(kubePod()))), ['10.0.0.1:80']);
    assert.equal(step(take(kubeService())).services.size, 0);
  });

  it('says whether a change takes an endpoint away', () => {
    const builder = new TopologyBuilder(options);
    const isTakingAway = (change: ReturnType<typeof put>): boolean =>
      builder.apply({ changes: [change], problems: [] });
    assert.equal(isTakingAway(put(kubeSlice())), false);
    assert.equal(isTakingAway(put(kubeSlice({ endpoints: [kubeEndpoint({ ready: false })] }))), true);
    assert.equal(isTakingAway(put(kubeSlice())), false);
    assert.equal(isTakingAway(take(kubeSlice())), true);
    assert.equal(isTakingAway(put(kubePod())), false);
    assert.equal(isTakingAway(put(kubePod({ terminating: true }))), true);
    const address = { ip: '10.0.0.1', nodeName: undefined, pod: undefined };
    const subset = { addresses: [address], notReadyAddresses: [], ports: [] };
    assert.equal(isTakingAway(put(kubeEndpoints({ subsets: [subset] }))), false);
    assert.equal(isTakingAway(put(kubeEndpoints())), true);
    assert.equal(isTakingAway(take(kubeService())), false);
  });

  it('keeps a service as it was when its new object names a container port that no pod has', () => {
    const builder = new TopologyBuilder(options);
    const pod = kubePod({ containerPorts: [{ name: 'web', port: 8080, protocol: 'TCP' }] });
    builder.apply({
      changes: [put(kubeService({ ports: [{ targetPort: 'web' }] })), put(pod)],
      problems: [],
    });
    const good = builder.build();
    builder.apply({ changes: [put(kubeService({ ports: [{ targetPort: 'wbe' }] }))], problems: [] });
    const kept = builder.build();
    assert.equal(kept.services, good.services);
    assert.deepEqual(codesOf(kept), ['MAESH_TARGET_PORT_UNRESOLVED']);
    builder.apply({ changes: [put({ ...pod, ips: ['10.0.0.9'] })], problems: [] });
    assert.deepEqual(endpointsOf(builder.build()), ['10.0.0.9:8080'], 'its pods are followed all the same');
    builder.apply({ changes: [put(kubeService({ ports: [{ targetPort: 8080 }] }))], problems: [] });
    assert.deepEqual(codesOf(builder.build()), []);
  });

  it('goes on with what an annotation said where it means nothing any more, and with the rest of the new object', () => {
    const builder = new TopologyBuilder(options);
    const shop = (traffic: string, port: number): ObjectChange => {
      const annotations = { 'mesh.traefik.io/traffic-type': traffic, 'mesh.traefik.io/max-connections': '5' };
      return put(kubeService({ annotations, ports: [{ port }] }));
    };
    const after = (change: ObjectChange): Topology => {
      builder.apply({ changes: [change], problems: [] });
      return builder.build();
    };
    after(shop('tcp', 5432));
    for (const [traffic, port] of [
      ['tpc', 5433],
      ['TCP', 5434],
    ] as const) {
      const topology = after(shop(traffic, port));
      assert.partialDeepStrictEqual(portsOf(topology), [
        { port, traffic: 'tcp', policy: { maxConnections: 5 } },
      ]);
      assert.deepEqual(codesOf(topology), ['MAESH_SERVICE_ANNOTATION']);
    }
    assert.deepEqual(codesOf(after(shop('http', 80))), []);
    // Of a service that is new, nothing is known.
    after(take(kubeService()));
    assert.equal(portsOf(after(shop('tpc', 80)))[0]?.traffic, 'http');
  });

  it('refuses an object that is offered as another kind', () => {
    const builder = new TopologyBuilder(options);
    const change = { ...put(kubePod()), kind: 'Service' as const };
    assert.throws(
      () => builder.apply({ changes: [change], problems: [] }),
      /kind Pod was offered as Service/,
    );
  });
});

describe('what is handed out', () => {
  const addresses = parseAddressRange('127.77.0.0/24')?.services;
  assert.ok(addresses);

  it('is a mesh port for each port and an address for each service', () => {
    const topology = buildTopology([kubeService({ ports: [{ name: 'a' }, { name: 'b', port: 8080 }] })], {
      ...options,
      addresses,
      firstLocalPort: 1024,
    });
    const service = topology.services.get('store/shop');
    assert.equal(service?.localAddress, '127.77.0.2');
    assert.deepEqual(
      service?.ports.map(({ meshPort, localPort }) => [meshPort, localPort]),
      [
        [20_000, undefined],
        [20_001, 8080],
      ],
    );
  });

  it('stays where it is while its service lives, and rests when it is gone', () => {
    const small = { ...options, ports: { ...standalonePorts, http: [{ first: 20_000, last: 20_001 }] } };
    const builder = new TopologyBuilder(small);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => kubeService({ name }));
    assert.ok(a && b && c);
    builder.apply({ changes: [put(a), put(b)], problems: [] });
    builder.build();
    builder.apply({ changes: [take(a), put(c)], problems: [] });
    const exhausted = builder.build();
    assert.equal(portsOf(exhausted, 'store/b')[0]?.meshPort, 20_001);
    assert.equal(portsOf(exhausted, 'store/c')[0]?.meshPort, undefined);
    assert.deepEqual(codesOf(exhausted), ['MAESH_PORTS_EXHAUSTED']);
    assert.equal(builder.release({ ports: { http: [], tcp: [], udp: [20_000] }, addresses: [] }), false);
    assert.equal(portsOf(builder.build(), 'store/c')[0]?.meshPort, undefined);
    assert.equal(builder.release({ ports: { http: [20_000], tcp: [], udp: [] }, addresses: [] }), true);
    assert.equal(portsOf(builder.build(), 'store/c')[0]?.meshPort, 20_000);
    assert.equal(builder.release({ ports: { http: [], tcp: [], udp: [] }, addresses: [] }), false);
    const restarted = new TopologyBuilder(small, builder.allocation);
    restarted.apply({ changes: [put(c), put(b)], problems: [] });
    assert.deepEqual(restarted.build().services, builder.build().services);
  });

  it('runs out of addresses with a problem on the service', () => {
    const objects = ['a', 'b'].map((name) => kubeService({ name }));
    const topology = buildTopology(objects, { ...options, addresses: { first: 5, last: 5 } });
    assert.deepEqual(codesOf(topology), ['MAESH_ADDRESSES_EXHAUSTED']);
    assert.equal(topology.problems[0]?.subject.name, 'b');
  });
});
