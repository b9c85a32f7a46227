// `maesh check` and `maesh translate` as users call them, on folders and on standard input.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { load } from 'js-yaml';

import { runMaesh } from '../kit/run-maesh.ts';

const good = `apiVersion: v1
kind: Service
metadata: { name: shop, namespace: store }
spec:
  clusterIP: 10.0.0.1
  ports: [{ name: web, port: 80, targetPort: 8080 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: shop-1, namespace: store, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
ports: [{ name: web, port: 8080, protocol: TCP }]
endpoints: [{ addresses: [127.86.200.1] }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: store }
`;
const bad = `apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: store
  annotations: { mesh.traefik.io/traffic-type: grpc }
spec:
  ports: [{ port: 80 }]
`;

const lonely = `apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: { name: api, namespace: store }
spec:
  destination: { kind: ServiceAccount, name: shop }
  sources: [{ kind: ServiceAccount, name: web, namespace: front }]
  rules: [{ kind: HTTPRouteGroup, name: api }]
`;

/** Each has one mistake. */
const smi = `apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: canary, namespace: store }
spec: { service: shop, backends: [{ service: shop, weight: 1 }] }
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: { name: api, namespace: store }
spec: { matches: [{ name: read, pathRegex: '(?=/api)' }] }
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: { name: db, namespace: store }
spec: { matches: { ports: [0] } }
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: UDPRoute
metadata: { name: dns, namespace: store }
spec: { matches: { ports: ['53'] } }
`;

/** A TCP service that a pod may call. */
const guarded = `apiVersion: v1
kind: Service
metadata: { name: db, namespace: store, annotations: { mesh.traefik.io/traffic-type: tcp } }
spec:
  clusterIP: 10.0.0.2
  selector: { app: db }
  ports: [{ port: 5432 }]
---
apiVersion: v1
kind: Pod
metadata: { name: db-0, namespace: store, labels: { app: db } }
spec: { serviceAccountName: db }
status: { podIPs: [{ ip: 127.86.200.2 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: front }
spec: { serviceAccountName: web }
status: { podIPs: [{ ip: 127.86.200.3 }] }
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: { name: db, namespace: store }
spec:
  destination: { kind: ServiceAccount, name: db }
  sources: [{ kind: ServiceAccount, name: web, namespace: front }]
`;

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-offline-'));
  for (const name of ['good', 'bad', 'none', 'access', 'guarded', 'smi']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'good/shop.yaml'), good);
  await writeFile(join(folder, 'bad/shop.yaml'), good);
  await writeFile(join(folder, 'access/shop.yaml'), `${good}---\n${lonely}`);
  await writeFile(join(folder, 'guarded/db.yaml'), guarded);
  await writeFile(join(folder, 'smi/shop.yaml'), `${good}---\n${smi}`);
  await writeFile(join(folder, 'bad/cart.yaml'), `# A comment\n---\n${bad}`);
});

after(() => rm(folder, { recursive: true }));

describe('a mesh that controls access', () => {
  it('has problems of TrafficTargets, which are looked at in no other', async () => {
    const { code, stdout } = await runMaesh(['check', '--acl', '-f', 'access'], { cwd: folder });
    assert.equal(code, 1);
    assert.match(stdout, /TrafficTarget store\/api.*no HTTPRouteGroup "api" in namespace store/s);
    assert.equal((await runMaesh(['check', '-f', 'access'], { cwd: folder })).code, 0);
  });

  it('tells proxies who calls, and to deny everything else', async () => {
    const { code, stdout } = await runMaesh(['translate', '--acl', '-f', 'access', '-o', 'json'], {
      cwd: folder,
    });
    assert.equal(code, 0);
    const { extensions, listeners } = JSON.parse(stdout) as Readonly<Record<string, readonly unknown[]>>;
    assert.equal(extensions?.length, 16);
    assert.match(JSON.stringify(listeners), /envoy\.filters\.http\.rbac/);
  });

  it('has a filter chain for each caller of a TCP port where connections are closed that are forbidden', async () => {
    const translate = ['translate', '--acl', '-f', 'guarded'];
    const chain = 'store/db/5432 from front/web';
    const closing = await runMaesh([...translate, '--closeForbidden'], { cwd: folder });
    assert.deepEqual([closing.code, closing.stderr], [0, '']);
    assert.ok(closing.stdout.includes(chain));
    assert.ok(!(await runMaesh(translate, { cwd: folder })).stdout.includes(chain));
  });
});

describe('maesh check', () => {
  it('finds nothing wrong with good manifests', async () => {
    assert.deepEqual(await runMaesh(['check', '-f', 'good'], { cwd: folder }), {
      code: 0,
      stdout: '1 service, 1 port, no problems; kinds that the mesh does not read: ConfigMap (1)\n',
      stderr: '',
    });
  });

  it('prints each problem with file, line, object, what is wrong and what to do, and exits with 1', async () => {
    const { code, stdout, stderr } = await runMaesh(['check', '-f', 'bad'], { cwd: folder });
    assert.deepEqual([code, stderr], [1, '']);
    assert.match(
      stdout,
      /^bad\/cart\.yaml:\d+: Service store\/cart: .*grpc.* \(MAESH_SERVICE_ANNOTATION\)\n {4}\S.*\n/,
    );
    assert.match(
      stdout,
      /\n\d services?, \d ports?, 1 problem; kinds that the mesh does not read: ConfigMap \(1\)\n$/,
    );
  });

  it('prints those of the objects of the Service Mesh Interface', async () => {
    const { code, stdout } = await runMaesh(['check', '-f', 'smi'], { cwd: folder });
    assert.equal(code, 1);
    const found = [...stdout.matchAll(/^smi\/shop\.yaml:\d+: (\w+ store\/\w+): .* \((\w+)\)$/gm)].map(
      ([, object, problem]) => `${object} ${problem}`,
    );
    assert.deepEqual(found, [
      'HTTPRouteGroup store/api MAESH_REGEX_INVALID',
      'TCPRoute store/db MAESH_PORT_RANGE',
      'TrafficSplit store/canary MAESH_SPLIT_CYCLE',
      'UDPRoute store/dns MAESH_OBJECT_INVALID',
    ]);
  });

  it('says the same for programs', async () => {
    const { code, stdout } = await runMaesh(['check', '-f', 'bad', '-o', 'json'], { cwd: folder });
    assert.equal(code, 1);
    assert.partialDeepStrictEqual(JSON.parse(stdout), {
      problems: [
        {
          code: 'MAESH_SERVICE_ANNOTATION',
          kind: 'Service',
          namespace: 'store',
          name: 'cart',
          file: 'bad/cart.yaml',
        },
      ],
      ignoredKinds: { ConfigMap: 1 },
    });
  });

  it('reads standard input', async () => {
    const { code, stdout } = await runMaesh(['check', '-f', '-'], { cwd: folder, input: bad });
    assert.equal(code, 1);
    assert.match(stdout, /Service store\/cart: .*grpc/);
  });

  it('takes several paths, single files among them', async () => {
    const { stdout } = await runMaesh(['check', '-f', 'good,bad/cart.yaml'], { cwd: folder });
    assert.match(stdout, /\b1 problem; kinds that the mesh does not read: ConfigMap \(1\)\n$/);
  });

  it('takes an empty folder for a mesh without services', async () => {
    const { code, stdout } = await runMaesh(['check', '-f', 'none'], { cwd: folder });
    assert.deepEqual([code, stdout], [0, '0 services, 0 ports, no problems\n']);
  });

  it('says that a path is not there', async () => {
    assert.deepEqual(await runMaesh(['check', '-f', 'nowhere,good,missing.yaml'], { cwd: folder }), {
      code: 1,
      stdout: '',
      stderr: 'maesh: nowhere, missing.yaml; there is no such file or folder; name some that are there\n',
    });
  });
});

describe('maesh translate', () => {
  it('prints what Envoy would be told, as YAML and as JSON', async () => {
    const yaml = await runMaesh(['translate', '-f', 'good'], { cwd: folder });
    const json = await runMaesh(['translate', '-f', 'good', '-o', 'json'], { cwd: folder });
    assert.deepEqual([yaml.code, yaml.stderr, json.code, json.stderr], [0, '', 0, '']);
    const resources = JSON.parse(json.stdout) as Record<string, readonly unknown[]>;
    assert.deepEqual(load(yaml.stdout), resources);
    assert.equal(resources['clusters']?.length, 1);
    assert.match(json.stdout, /127\.86\.200\.1/);
  });

  it('prints the topology', async () => {
    const { code, stdout } = await runMaesh(['translate', '-f', 'good', '--what', 'topology'], {
      cwd: folder,
    });
    assert.equal(code, 0);
    assert.partialDeepStrictEqual(load(stdout), {
      services: {
        'shop@store': {
          localAddress: '127.77.1.0',
          ports: [
            { name: 'web', port: 80, traffic: 'http', endpoints: [{ address: '127.86.200.1', port: 8080 }] },
          ],
        },
      },
      problems: [],
    });
  });

  it('uses the address range and the default mode that it is given', async () => {
    const flags = [
      '--what',
      'topology',
      '-o',
      'json',
      '--addressRange',
      '127.86.0.0/16',
      '--defaultMode',
      'tcp',
    ];
    const { stdout } = await runMaesh(['translate', '-f', 'good', ...flags], { cwd: folder });
    assert.partialDeepStrictEqual(JSON.parse(stdout), {
      services: { 'shop@store': { localAddress: '127.86.1.0', ports: [{ traffic: 'tcp' }] } },
    });
  });

  it('tells problems on standard error and prints the rest', async () => {
    const { code, stdout, stderr } = await runMaesh(['translate', '-f', 'bad', '--what', 'topology'], {
      cwd: folder,
    });
    assert.equal(code, 0);
    assert.match(stderr, /^bad\/cart\.yaml:\d+: Service store\/cart: /);
    assert.match(stdout, /^ {2}shop@store:$/m);
  });
});
