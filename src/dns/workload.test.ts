import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ApiObject } from '../kube/api-object.ts';
import { configOf } from './config-of.ts';
import { findLayout } from './find-layout.ts';
import { placeKey } from './layout.ts';
import { readWorkload, restartedForAnnotation } from './workload.ts';

interface Given {
  readonly name?: string;
  readonly label?: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly container?: object;
  readonly volumes?: readonly object[];
}

const mount = { name: 'config', mountPath: '/etc/coredns' };
const config = {
  name: 'config',
  configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] },
};
const container = {
  name: 'coredns',
  image: 'registry.example/coredns:v1.11.3-eksbuild.1@sha256:0123',
  args: ['-conf', '/etc/coredns/Corefile'],
  volumeMounts: [mount],
};

function workload({ name = 'coredns', label, replicas = 2, annotations, ...given }: Given = {}): ApiObject {
  return {
    metadata: { name, namespace: 'kube-system', resourceVersion: '1' },
    spec: {
      replicas,
      template: {
        metadata: { ...(label !== undefined && { labels: { 'k8s-app': label } }), annotations },
        spec: { containers: [{ ...container, ...given.container }], volumes: given.volumes ?? [config] },
      },
    },
  };
}

const read = (given?: Given): ReturnType<typeof readWorkload> => readWorkload('Deployment', workload(given));

describe('readWorkload', () => {
  it('reads which program runs, in which version, and for what Maesh had it replaced', () => {
    const found = read({ annotations: { [restartedForAnnotation]: 'abc' } });
    assert.deepEqual(found, {
      kind: 'Deployment',
      namespace: 'kube-system',
      name: 'coredns',
      program: 'coredns',
      version: { major: 1, minor: 11, patch: 3 },
      configFile: '/etc/coredns/Corefile',
      configMaps: [
        { name: 'coredns', mountPath: '/etc/coredns', items: [{ key: 'Corefile', path: 'Corefile' }] },
      ],
      restartedFor: 'abc',
    });
  });

  it('knows DNS by its label where it has another name, and nothing else', () => {
    assert.equal(read({ name: 'dns', label: 'kube-dns' })?.program, 'coredns');
    assert.equal(read({ name: 'external-dns', label: 'external-dns' }), undefined);
    assert.equal(read({ name: 'coredns-autoscaler' }), undefined);
    assert.equal(read({ container: { name: 'sidecar', image: 'registry.example/metrics:1.0' } }), undefined);
  });

  it('takes one without pods for none', () => {
    assert.equal(read({ replicas: 0 }), undefined);
  });

  it('takes what is no workload for none', () => {
    assert.equal(
      readWorkload('Deployment', { metadata: { name: 'coredns', resourceVersion: '1' } }),
      undefined,
    );
  });
});

describe('configOf', () => {
  const keyOf = (given: Given): unknown => {
    const found = read(given);
    return found && configOf(found);
  };

  it('finds the key of the file that the program is told to read', () => {
    const items = [{ key: 'main', path: 'conf/Corefile' }];
    assert.deepEqual(
      keyOf({
        container: {
          args: ['-conf=/dns/conf/Corefile'],
          volumeMounts: [{ name: 'config', mountPath: '/dns' }],
        },
        volumes: [{ name: 'config', configMap: { name: 'dns', items } }],
      }),
      { namespace: 'kube-system', name: 'dns', key: 'main' },
    );
  });

  it('finds it where every key is a file, and where nothing says which file is read', () => {
    const volumes = [{ name: 'config', configMap: { name: 'dns' } }];
    assert.deepEqual(keyOf({ container: { args: [] }, volumes }), {
      namespace: 'kube-system',
      name: 'dns',
      key: 'Corefile',
    });
  });

  it('finds none where the file comes from elsewhere', () => {
    assert.equal(keyOf({ container: { args: ['-conf', '/elsewhere/Corefile'] } }), undefined);
    assert.equal(keyOf({ volumes: [{ name: 'config', secret: {} }] }), undefined);
  });

  it("finds the template that NodeLocal DNSCache's Corefile is made of, or that itself", () => {
    const cache = { name: 'node-cache', image: 'registry.example/k8s-dns-node-cache:1.26.4' };
    const volumes = (path: string): readonly object[] => [
      { name: 'config', configMap: { name: 'node-local-dns', items: [{ key: 'Corefile', path }] } },
    ];
    for (const [args, path] of [
      [['-conf', '/etc/Corefile'], 'Corefile.base'],
      [['-conf', '/etc/coredns/Corefile'], 'Corefile'],
    ] as const) {
      const given = { name: 'node-local-dns', container: { ...cache, args }, volumes: volumes(path) };
      assert.deepEqual(keyOf(given), { namespace: 'kube-system', name: 'node-local-dns', key: 'Corefile' });
    }
  });
});

describe('findLayout', () => {
  it('has a place for a ConfigMap that several workloads share, and none for a cache alone', () => {
    const coredns = read();
    assert.ok(coredns);
    const common = { hasOperator: false, meshNamespace: 'maesh' };
    const layout = findLayout({ ...common, workloads: [coredns, { ...coredns, kind: 'DaemonSet' }] });
    assert.deepEqual(layout.map(placeKey), ['corefile kube-system/coredns']);
    assert.deepEqual(findLayout({ ...common, workloads: [{ ...coredns, program: 'node-cache' }] }), []);
    assert.deepEqual(findLayout({ ...common, workloads: [] }), []);
  });
});
