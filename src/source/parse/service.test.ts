import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseService } from './service.ts';

const metadata = { name: 'shop', namespace: 'store' };
const plain = { metadata, spec: { ports: [{ port: 80 }] } };

function serviceOf(value: unknown) {
  const parsed = parseService(value);
  assert.ok('object' in parsed, JSON.stringify(parsed));
  return parsed.object;
}

function problemsOf(value: unknown) {
  const parsed = parseService(value);
  assert.ok('problems' in parsed, JSON.stringify(parsed));
  return parsed.problems;
}

/** `code message` of each problem of a Service with this spec. */
function mistakesIn(spec: unknown): string[] {
  return problemsOf({ metadata, spec }).map(({ code, message }) => `${code} ${message}`);
}

describe('parseService()', () => {
  it("fills in Kubernetes' defaults", () => {
    assert.deepEqual(serviceOf(plain), {
      kind: 'Service',
      namespace: 'store',
      name: 'shop',
      labels: {},
      annotations: {},
      type: 'ClusterIP',
      clusterIPs: [],
      ipFamilies: [],
      selector: undefined,
      ports: [{ name: '', port: 80, protocol: 'TCP', targetPort: 80, appProtocol: undefined }],
      publishNotReadyAddresses: false,
    });
  });

  it('takes null for a field as if it were absent', () => {
    const nulls = {
      metadata: { name: 'shop', namespace: null, labels: null, annotations: null },
      spec: {
        type: null,
        clusterIP: null,
        clusterIPs: null,
        ipFamilies: null,
        selector: null,
        ports: [{ port: 80, name: null, protocol: null, targetPort: null, appProtocol: null }],
        publishNotReadyAddresses: null,
      },
    };
    assert.deepEqual(serviceOf(nulls), serviceOf({ metadata: { name: 'shop' }, spec: plain.spec }));
    assert.equal(serviceOf(nulls).namespace, 'default');
  });

  it('reads every field that the mesh reads', () => {
    const service = serviceOf({
      metadata: { ...metadata, labels: { b: '2', a: '1' } },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.0.0.1',
        clusterIPs: ['10.0.0.1', 'fd00::1'],
        ipFamilies: ['IPv4', 'IPv6'],
        selector: { app: 'shop' },
        ports: [
          { name: 'web', port: 443, targetPort: 'web', appProtocol: 'https', nodePort: 30_000 },
          { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
        ],
        publishNotReadyAddresses: true,
      },
    });
    assert.equal(service.type, 'LoadBalancer');
    assert.deepEqual(service.clusterIPs, ['10.0.0.1', 'fd00::1']);
    assert.deepEqual(service.ipFamilies, ['IPv4', 'IPv6']);
    assert.deepEqual(service.selector, { app: 'shop' });
    assert.equal(service.publishNotReadyAddresses, true);
    assert.deepEqual(service.ports, [
      { name: 'web', port: 443, protocol: 'TCP', targetPort: 'web', appProtocol: 'https' },
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353, appProtocol: undefined },
    ]);
    assert.deepEqual(Object.keys(service.labels), ['a', 'b']);
  });

  it('takes clusterIP where there are no clusterIPs, and nothing where it is empty', () => {
    const withAddress = (clusterIP: string) =>
      serviceOf({ metadata, spec: { ...plain.spec, clusterIP } }).clusterIPs;
    assert.deepEqual(withAddress('10.0.0.9'), ['10.0.0.9']);
    assert.deepEqual(withAddress(''), []);
  });

  it('takes an empty selector for none, and targetPort 0 or empty for the port', () => {
    const spec = {
      selector: {},
      ports: [
        { name: 'a', port: 1, targetPort: 0 },
        { name: 'b', port: 2, targetPort: '' },
      ],
    };
    const service = serviceOf({ metadata, spec });
    assert.equal(service.selector, undefined);
    assert.deepEqual(
      service.ports.map(({ targetPort }) => targetPort),
      [1, 2],
    );
  });

  it("keeps the mesh's annotations of both prefixes, and no others", () => {
    const annotations = {
      'mesh.traefik.io/traffic-type': 'tcp',
      'maesh.containo.us/retry-attempts': '3',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };
    assert.deepEqual(serviceOf({ metadata: { ...metadata, annotations }, spec: plain.spec }).annotations, {
      'maesh.containo.us/retry-attempts': '3',
      'mesh.traefik.io/traffic-type': 'tcp',
    });
  });

  it('needs no ports where it is headless or an external name', () => {
    assert.deepEqual(serviceOf({ metadata, spec: { clusterIP: 'None' } }).ports, []);
    assert.deepEqual(serviceOf({ metadata, spec: { type: 'ExternalName' } }).ports, []);
  });

  it('takes a name that begins with a digit, as Kubernetes 1.36 does', () => {
    assert.equal(serviceOf({ metadata: { name: '1st' }, spec: plain.spec }).name, '1st');
  });

  it('takes the same number once for TCP and once for UDP', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53 },
    ];
    assert.equal(serviceOf({ metadata, spec: { ports } }).ports.length, 2);
  });

  it('refuses ports out of range, naming field, value and what to do', () => {
    assert.deepEqual(problemsOf({ metadata, spec: { ports: [{ port: 70_000 }] } }), [
      {
        code: 'MAESH_PORT_RANGE',
        subject: { kind: 'Service', namespace: 'store', name: 'shop' },
        message: 'spec.ports[0].port is 70000, but must be a whole number from 1 to 65535',
        advice:
          'Give a port from 1 to 65535. Until then the mesh keeps the last good version of the object, if it had one.',
      },
    ]);
    for (const port of [0, -1, 65_536, 80.5]) {
      assert.match(mistakesIn({ ports: [{ port }] })[0] ?? '', /^MAESH_PORT_RANGE /);
    }
    assert.deepEqual(mistakesIn({ ports: [{ port: 80, targetPort: 99_999 }] }), [
      'MAESH_PORT_RANGE spec.ports[0].targetPort is 99999, but must be a port from 1 to 65535 or the name of a container port',
    ]);
  });

  it('refuses what is no port at all', () => {
    assert.deepEqual(mistakesIn({ ports: [{ port: '80' }] }), [
      'MAESH_OBJECT_INVALID spec.ports[0].port is "80", but must be a number',
    ]);
    assert.deepEqual(mistakesIn({ ports: [{ name: 'a' }] }), [
      'MAESH_OBJECT_INVALID spec.ports[0].port is missing: it must be a number',
    ]);
    for (const targetPort of ['8080', 'Web', 'a'.repeat(16), 'a--b', '-a']) {
      assert.match(
        mistakesIn({ ports: [{ port: 80, targetPort }] })[0] ?? '',
        /targetPort is ".*", but must be a port from 1 to 65535 or the name of a container port$/,
      );
    }
    assert.match(
      mistakesIn({ ports: [{ port: 80, targetPort: [] }] })[0] ?? '',
      /targetPort is an empty list/,
    );
    assert.match(mistakesIn({ ports: [{ port: 80, protocol: 'tcp' }] })[0] ?? '', /TCP, UDP or SCTP$/);
  });

  it('refuses ports that Kubernetes would refuse together', () => {
    const mistakes = mistakesIn({
      ports: [{ port: 80 }, { name: 'a', port: 80 }, { name: 'a', port: 81 }],
    });
    assert.deepEqual(mistakes, [
      'MAESH_OBJECT_INVALID spec.ports[0].name is missing: it must be given, since the service has several ports',
      'MAESH_OBJECT_INVALID spec.ports[1].port is 80, but must be unique among the TCP ports of the service',
      'MAESH_OBJECT_INVALID spec.ports[2].name is "a", but must be unique among the ports of the service',
    ]);
    assert.deepEqual(mistakesIn({ ports: [] }), [
      'MAESH_OBJECT_INVALID spec.ports is an empty list, but must be a list of at least one port',
    ]);
    assert.deepEqual(mistakesIn({}), [
      'MAESH_OBJECT_INVALID spec.ports is missing: it must be a list of at least one port',
    ]);
  });

  it('tells of every mistake at once, and how YAML took what looked like text', () => {
    const problems = problemsOf({
      metadata: { ...metadata, labels: { version: 1.1, old: true } },
      spec: { ...plain.spec, type: 'Cluster', clusterIP: '10.0.0', publishNotReadyAddresses: 'yes' },
    });
    assert.deepEqual(
      problems.map(({ message }) => message),
      [
        'metadata.labels.old is true, but must be text',
        'metadata.labels.version is 1.1, but must be text',
        'spec.clusterIP is "10.0.0", but must be an IP address or None',
        'spec.publishNotReadyAddresses is "yes", but must be true or false',
        'spec.type is "Cluster", but must be one of ClusterIP, NodePort, LoadBalancer, ExternalName',
      ],
    );
    assert.match(problems[0]?.advice ?? '', /^Put it in quotes, so that YAML reads it as text\. /);
    assert.match(problems[3]?.advice ?? '', /^Write it without quotes\. /);
  });

  it('names every kind of value in a few words', () => {
    const shown = (labels: unknown) =>
      problemsOf({ metadata: { ...metadata, labels }, spec: plain.spec })[0]?.message;
    assert.equal(shown([1]), 'metadata.labels is a list, but must be a mapping');
    assert.equal(shown({ a: {} }), 'metadata.labels.a is a mapping, but must be text');
    assert.equal(shown({ a: Number.NaN }), 'metadata.labels.a is NaN, but must be text');
    assert.match(shown('x'.repeat(200)) ?? '', /^metadata\.labels is "x{79}…, but must be a mapping$/);
  });

  it('refuses names that are none, and a value that is no object at all', () => {
    const nameOf = (name: string) => problemsOf({ ...plain, metadata: { name } })[0]?.message;
    for (const name of ['Shop', 'a.b', '-a', 'a'.repeat(64), '']) {
      assert.match(nameOf(name) ?? '', /^metadata\.name is ".*", but must be at most 63 lower-case/);
    }
    for (const value of [undefined, null, 1, 'x', [], {}]) assert.ok(problemsOf(value).length > 0);
    assert.match(problemsOf(3)[0]?.message ?? '', /^the object is 3, but must be a mapping$/);
  });
});
