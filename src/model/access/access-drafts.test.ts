import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kubeEndpoint, kubePod, kubeService, kubeSlice, put, take } from '../../../test/kit/objects.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from '../../../test/kit/smi-objects.ts';
import { TopologyBuilder } from '../build.ts';
import type { KubeObject, KubePod, KubeTcpRoute } from '../objects.ts';
import { standalonePorts } from '../ports.ts';
import type { AccessRule, HttpMatch, ServicePort, Topology } from '../topology.ts';

const options = {
  defaultMode: 'http',
  ports: standalonePorts,
  addresses: undefined,
  isAccessControlled: true,
} as const;

/** A mesh with access control that is built anew after each change. */
class Mesh {
  readonly #builder = new TopologyBuilder(options);
  topology: Topology = this.#builder.build();

  constructor(...objects: readonly KubeObject[]) {
    this.put(...objects);
  }

  put(...objects: readonly KubeObject[]): void {
    this.#builder.apply({ changes: objects.map(put), problems: [] });
    this.topology = this.#builder.build();
  }

  take(...objects: readonly KubeObject[]): void {
    this.#builder.apply({ changes: objects.map(take), problems: [] });
    this.topology = this.#builder.build();
  }

  port(number = 80, service = 'store/shop'): ServicePort {
    const found = this.topology.services.get(service)?.ports.find(({ port }) => port === number);
    assert.ok(found);
    return found;
  }

  /** Each rule of a port: who may call, `destination` behind an arrow if only some pods are meant, and how many matches. */
  rules(number = 80, service = 'store/shop'): readonly string[] {
    return (this.port(number, service).access ?? []).map(text);
  }

  matches(number = 80): readonly HttpMatch[] | undefined {
    const [rule, ...others] = this.port(number).access ?? [];
    assert.ok(rule);
    assert.deepEqual(others, []);
    return rule.matches;
  }

  get callers(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.topology.callers ?? []);
  }

  get problems(): readonly string[] {
    return this.topology.problems.map(({ code, subject }) => `${code} ${subject.name}`);
  }
}

function text({ sources, matches, destination }: AccessRule): string {
  const to = destination === undefined ? '' : ` → ${destination}`;
  return `${sources.join()}${to}${matches === undefined ? '' : `: ${matches.length}`}`;
}

/** A pod of the account that TrafficTargets of the kit mean. */
function shopPod(given: Partial<KubePod> = {}): KubePod {
  return kubePod({ serviceAccount: 'shop', ...given });
}

function webPod(given: Partial<KubePod> = {}): KubePod {
  return kubePod({
    namespace: 'front',
    name: 'web-1',
    labels: {},
    serviceAccount: 'web',
    ips: ['10.1.0.1'],
    ...given,
  });
}

const everything = kubeTarget({ rules: [] });
const web = { kind: 'ServiceAccount', name: 'web', namespace: 'front' };

function tcpRoute(name: string, ...ports: readonly number[]): KubeTcpRoute {
  return { kind: 'TCPRoute', namespace: 'store', name, labels: {}, ports };
}

const shop = [kubeService(), shopPod(), webPod()];

describe('access to a service', () => {
  it('is nobody’s without a TrafficTarget, and isn’t spoken of where access is not controlled', () => {
    assert.deepEqual(new Mesh(...shop).rules(), []);
    const open = new TopologyBuilder({ ...options, isAccessControlled: false });
    open.apply({ changes: [...shop, everything].map(put), problems: [] });
    const { services, callers } = open.build();
    assert.equal(callers, undefined);
    assert.equal(services.get('store/shop')?.ports[0]?.access, undefined);
  });

  it('comes and goes with TrafficTarget, routes, service and pods, in any order', () => {
    const objects = [kubeTarget(), kubeRouteGroup(), ...shop];
    for (const first of objects) {
      const mesh = new Mesh(first);
      mesh.put(...objects.filter((each) => each !== first));
      assert.deepEqual(mesh.rules(), ['front/web: 1'], `with ${first.kind} first`);
      mesh.take(first);
      if (first.kind !== 'Service' && first.kind !== 'Pod') assert.deepEqual(mesh.rules(), []);
      mesh.put(first);
      assert.deepEqual(mesh.rules(), ['front/web: 1'], `with ${first.kind} again`);
    }
  });

  it('is that of all services with pods of the destination, ready or not, whatever selects them', () => {
    const mesh = new Mesh(
      everything,
      shopPod({ ready: false }),
      kubeService(),
      kubeService({ name: 'none', selector: { app: 'none' } }),
      kubeService({ name: 'by-hand', selector: undefined }),
      kubeSlice({ name: 'by-hand', service: 'by-hand', endpoints: [kubeEndpoint({ pod: 'late' })] }),
    );
    assert.deepEqual(mesh.rules(80, 'store/shop'), ['front/web']);
    assert.deepEqual(mesh.rules(80, 'store/none'), []);
    assert.deepEqual(mesh.rules(80, 'store/by-hand'), []);
    mesh.put(shopPod({ name: 'late', labels: {} }));
    assert.deepEqual(mesh.rules(80, 'store/by-hand'), ['front/web']);
    mesh.take(shopPod({ name: 'late', labels: {} }));
    assert.deepEqual(mesh.rules(80, 'store/by-hand'), []);
  });

  it('is limited to pods of the destination where a service has others too', () => {
    const other = kubePod({ name: 'shop-2', serviceAccount: 'other', ips: ['10.0.0.2'] });
    const mesh = new Mesh(everything, ...shop, other);
    assert.deepEqual(mesh.rules(), ['front/web → store/shop']);
    const accounts = (): unknown => mesh.port().endpoints.map(({ account }) => account);
    assert.deepEqual(accounts(), ['store/shop', 'store/other']);
    // Ready or not: else a pod that becomes ready could be reached before the rule is.
    mesh.put({ ...other, ready: false });
    assert.deepEqual(mesh.rules(), ['front/web → store/shop']);
    assert.deepEqual(accounts(), ['store/shop']);
    mesh.take(other);
    assert.deepEqual(mesh.rules(), ['front/web']);
    assert.deepEqual(accounts(), ['store/shop']);
  });

  it('to endpoints that are no pod’s is never allowed', () => {
    const nobodys = kubeEndpoint({ pod: undefined, addresses: ['192.0.2.1'] });
    const mesh = new Mesh(everything, ...shop, kubeSlice({ endpoints: [nobodys] }));
    assert.deepEqual(mesh.rules(), []);
    mesh.put(kubeSlice({ endpoints: [nobodys, kubeEndpoint({ pod: 'shop-1' })] }));
    assert.deepEqual(mesh.rules(), ['front/web → store/shop']);
    const accounts = new Set(mesh.port().endpoints.map(({ account }) => account));
    assert.deepEqual(accounts, new Set(['store/shop', undefined]));
  });

  it('is to the same pod of several at one address, in whichever order they come', () => {
    const pods = ['a', 'b', 'c'].map((name) => kubePod({ name, serviceAccount: name }));
    for (const some of [pods, pods.toReversed()]) {
      const { endpoints } = new Mesh(kubeService(), ...some).port();
      const names = endpoints.map(({ pod }) => pod);
      assert.deepEqual(names, ['store/a']);
    }
  });

  it('is not to a service account of which no pod is ready, while those of another are', () => {
    const other = kubePod({ name: 'shop-2', serviceAccount: 'other', ips: ['10.0.0.2'] });
    const mesh = new Mesh(everything, ...shop, other);
    mesh.put(shopPod({ ready: false }));
    assert.deepEqual(mesh.rules(), []);
    mesh.take(other);
    assert.deepEqual(mesh.rules(), ['front/web']);
  });

  it('goes on with the same objects where nothing about it changes', () => {
    const mesh = new Mesh(kubeTarget(), kubeRouteGroup(), ...shop);
    const { access } = mesh.port();
    const { callers } = mesh.topology;
    mesh.put(shopPod({ name: 'shop-2', ips: ['10.0.0.2'] }));
    assert.equal(mesh.port().endpoints.length, 2);
    assert.equal(mesh.port().access, access);
    assert.equal(mesh.topology.callers, callers);
  });

  it('is known of the backends of a split, each by its own', () => {
    const backend = (name: string): KubeObject[] => [
      kubeService({ name, selector: { app: name } }),
      kubePod({ name, labels: { app: name }, serviceAccount: name }),
    ];
    const target = kubeTarget({ destination: { ...web, name: 'shop-v1', namespace: 'store' }, rules: [] });
    const mesh = new Mesh(...shop, ...backend('shop-v1'), ...backend('shop-v2'), kubeSplit(), target);
    const found = (): unknown =>
      mesh.port().splits?.[0]?.backends.map(({ key, access = [] }) => [key, ...access.map(text)]);
    assert.deepEqual(found(), [['store/shop-v1/80', 'front/web'], ['store/shop-v2/80']]);
    mesh.take(target);
    assert.deepEqual(found(), [['store/shop-v1/80'], ['store/shop-v2/80']]);
  });
});

describe('the port of a TrafficTarget', () => {
  const ports = [
    { name: 'a', port: 80, targetPort: 8080 },
    { name: 'b', port: 8080, targetPort: 9090 },
    { name: 'c', port: 443, targetPort: 'tls' },
  ];
  const containerPorts = [{ name: 'tls', port: 8443, protocol: 'TCP' }] as const;
  const allowed = (port: number, ...more: readonly KubeObject[]): readonly number[] => {
    const mesh = new Mesh(
      kubeService({ ports }),
      shopPod({ containerPorts }),
      { ...everything, port },
      ...more,
    );
    return ports.map((each) => each.port).filter((number) => mesh.rules(number).length > 0);
  };

  it('is a targetPort, by number or name, else a port of the service', () => {
    assert.deepEqual(allowed(8080), [80]);
    assert.deepEqual(allowed(8443), [443]);
    assert.deepEqual(allowed(443), [443]);
    assert.deepEqual(allowed(80), [80]);
    assert.deepEqual(allowed(1234), []);
  });

  it('has to be that of every pod where it has a name', () => {
    const other = [{ name: 'tls', port: 9443, protocol: 'TCP' }] as const;
    assert.deepEqual(
      allowed(8443, shopPod({ name: 'shop-2', ips: ['10.0.0.2'], containerPorts: other })),
      [],
    );
  });

  it('is a problem where no service has it', () => {
    const mesh = new Mesh(...shop, { ...everything, port: 81 });
    assert.deepEqual(mesh.problems, ['MAESH_ACCESS_PORT api']);
    mesh.put(kubeService({ ports: [{ port: 81 }] }));
    assert.deepEqual(mesh.problems, []);
  });
});

describe('the rules of a TrafficTarget', () => {
  it('allow everything where there are none', () => {
    const mesh = new Mesh(
      everything,
      ...shop,
      kubeService({ annotations: { 'mesh.traefik.io/traffic-type': 'tcp' } }),
    );
    assert.deepEqual(mesh.rules(), ['front/web']);
  });

  it('allow the matches that they name, or all of a group', () => {
    const group = kubeRouteGroup({
      matches: [
        { name: 'a', pathRegex: '/a' },
        { name: 'b', methods: ['GET'] },
      ],
    });
    const rule = { kind: 'HTTPRouteGroup', name: 'api' } as const;
    const mesh = new Mesh(...shop, group, kubeTarget());
    assert.equal(mesh.matches()?.length, 2);
    mesh.put(kubeTarget({ rules: [{ ...rule, matches: ['b'] }] }));
    assert.deepEqual(mesh.matches(), [{ methods: ['GET'], pathRegex: '', headers: [] }]);
  });

  it('allow everything where a match asks for nothing', () => {
    const group = kubeRouteGroup({ matches: [{ methods: ['*'] }, { pathRegex: '/a' }] });
    assert.equal(new Mesh(...shop, group, kubeTarget()).matches(), undefined);
  });

  it('allow nothing of what is missing, and say so until it comes', () => {
    const rules = [
      { kind: 'HTTPRouteGroup', name: 'api', matches: ['read', 'write'] },
      { kind: 'TCPRoute', name: 'db', matches: [] },
    ] as const;
    const mesh = new Mesh(...shop, kubeTarget({ rules }));
    assert.deepEqual(mesh.rules(), []);
    assert.deepEqual(mesh.problems, ['MAESH_ACCESS_RULE api', 'MAESH_ACCESS_RULE api']);
    mesh.put(kubeRouteGroup(), tcpRoute('db'));
    assert.deepEqual(mesh.rules(), ['front/web: 1']);
    assert.deepEqual(mesh.problems, ['MAESH_ACCESS_RULE api']);
    mesh.put(kubeRouteGroup({ matches: [] }));
    assert.deepEqual(mesh.rules(), []);
  });

  it('with nothing but a TCPRoute allow all requests, on the ports that it names', () => {
    const rules = [{ kind: 'TCPRoute', name: 'db', matches: [] }] as const;
    const ports = [
      { name: 'a', port: 80, targetPort: 8080 },
      { name: 'b', port: 81 },
    ];
    const mesh = new Mesh(kubeService({ ports }), shopPod(), kubeTarget({ rules }), tcpRoute('db'));
    assert.deepEqual([mesh.rules(80), mesh.rules(81)], [['front/web'], ['front/web']]);
    mesh.put(tcpRoute('db', 8080));
    assert.deepEqual([mesh.rules(80), mesh.rules(81)], [['front/web'], []]);
  });

  it('for one kind of traffic allow nothing of another', () => {
    const tcp = kubeService({ annotations: { 'mesh.traefik.io/traffic-type': 'tcp' } });
    const mesh = new Mesh(...shop, tcp, kubeTarget(), kubeRouteGroup());
    assert.deepEqual(mesh.rules(), []);
  });
});

describe('callers', () => {
  it('are the pods of service accounts that a TrafficTarget names, as they come and go', () => {
    const mesh = new Mesh(...shop, webPod({ name: 'web-2', ips: ['10.1.0.2', 'fd00::2'] }));
    assert.deepEqual(mesh.callers, {});
    mesh.put(everything);
    assert.deepEqual(mesh.callers, { 'front/web': ['10.1.0.1', '10.1.0.2', 'fd00::2'] });
    mesh.put(webPod({ finished: true }));
    assert.deepEqual(mesh.callers, { 'front/web': ['10.1.0.2', 'fd00::2'] });
    mesh.put({ ...everything, sources: [{ ...web, name: 'other' }] });
    assert.deepEqual(mesh.callers, {});
  });

  it('are nobody at an address that pods of several accounts have, until one has it alone', () => {
    const other = webPod({ name: 'other', serviceAccount: 'other' });
    const mesh = new Mesh(...shop, everything, other);
    assert.deepEqual(mesh.callers, {});
    assert.deepEqual(mesh.problems, ['MAESH_ACCESS_ADDRESS api']);
    mesh.take(other);
    assert.deepEqual(mesh.callers, { 'front/web': ['10.1.0.1'] });
    assert.deepEqual(mesh.problems, []);
    mesh.put(webPod({ name: 'web-2' }));
    mesh.take(webPod());
    assert.deepEqual(mesh.callers, { 'front/web': ['10.1.0.1'] });
  });

  it('are nobody at the address of a node, whoever else has it, and may be called there all the same', () => {
    const onNode = webPod({ hostNetwork: true });
    const mesh = new Mesh(kubeService(), shopPod({ hostNetwork: true }), everything, onNode);
    assert.deepEqual([mesh.callers, mesh.rules()], [{}, ['front/web']]);
    const { problems } = mesh.topology;
    assert.deepEqual(
      problems.map(({ message }) => message),
      [
        `address 10.1.0.1 of a pod of source "front/web" is its node's too, so calls from there are nobody's and are denied`,
      ],
    );
    mesh.put(webPod({ name: 'web-2' }), webPod({ name: 'web-3', ips: ['10.1.0.3'] }));
    assert.deepEqual(mesh.callers, { 'front/web': ['10.1.0.3'] });
    mesh.put(webPod());
    assert.deepEqual([mesh.callers, mesh.problems], [{ 'front/web': ['10.1.0.1', '10.1.0.3'] }, []]);
  });

  it('that are no service account, or of no namespace, are nobody, and that is said', () => {
    const sources = [
      { ...web, kind: 'User' },
      { ...web, namespace: '' },
    ];
    const mesh = new Mesh(...shop, { ...everything, sources });
    assert.deepEqual([mesh.rules(), mesh.callers], [[], {}]);
    assert.deepEqual(mesh.problems, ['MAESH_ACCESS_ACCOUNT api', 'MAESH_ACCESS_ACCOUNT api']);
    mesh.put({ ...everything, destination: { ...everything.destination, kind: 'Service' } });
    assert.deepEqual(mesh.rules(), []);
    assert.deepEqual(mesh.problems, ['MAESH_ACCESS_ACCOUNT api']);
  });
});
