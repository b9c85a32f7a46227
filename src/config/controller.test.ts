import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { controllerOptions } from './controller.ts';
import type { ControllerSettings } from './controller-settings.ts';
import type { Environment } from './environment.ts';
import { mistakeText } from './mistake.ts';
import type { ControllerOptions } from './options.ts';
import type { AnySettings } from './setting.ts';
import { settings } from './settings.ts';

const table: AnySettings = settings.controller;
const defaults = Object.fromEntries(
  Object.entries(table).map(([name, setting]) => [name, setting.default]),
) as unknown as ControllerSettings;
const inPod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

function options(given: Partial<ControllerSettings>, env: Environment = inPod): ControllerOptions {
  const result = controllerOptions({ ...defaults, ...given }, { env, hostname: 'here' });
  assert.ok('options' in result, JSON.stringify(result));
  return result.options;
}

function mistakes(given: Partial<ControllerSettings>, env: Environment = inPod): string[] {
  const result = controllerOptions({ ...defaults, ...given }, { env, hostname: 'here' });
  assert.ok('mistakes' in result, JSON.stringify(result));
  return result.mistakes.map(mistakeText);
}

describe('controllerOptions', () => {
  it('refuses domains of the mesh that are the cluster’s own', () => {
    assert.equal(mistakes({ clusterDomain: 'example.org', meshDomains: ['maesh', 'org'] }).length, 1);
  });

  it('makes options of defaults alone, in a pod', () => {
    assert.deepEqual(options({}), {
      kubeConfig: undefined,
      masterURL: undefined,
      env: inPod,
      hostname: 'here',
      clusterDomain: 'cluster.local',
      keepDNS: true,
      restartDNS: false,
      namespace: 'maesh',
      meshDomains: ['maesh', 'traefik.mesh'],
      watchNamespaces: [],
      ignoreNamespaces: [],
      leaseName: 'maesh-controller',
      defaultMode: 'http',
      acl: false,
      closeForbidden: false,
      limitHTTPPort: undefined,
      limitTCPPort: undefined,
      limitUDPPort: undefined,
      apiPort: 9000,
      apiHost: '',
      xdsPort: 15_010,
      logLevel: 'error',
      logFormat: 'common',
    });
  });

  it('controls access where one of the two settings for it says so', () => {
    for (const given of [{ acl: true }, { smi: true }]) assert.equal(options(given, inPod).acl, true);
  });

  it('takes the kubeconfig that is named, else the one of KUBECONFIG', () => {
    const env = { KUBECONFIG: '/a:/b' };
    assert.equal(options({}, env).kubeConfig, '/a:/b');
    assert.equal(options({ kubeConfig: 'mine' }, env).kubeConfig, 'mine');
    assert.equal(options({}, { ...inPod, KUBECONFIG: '' }).kubeConfig, undefined);
  });

  it('says what to do where nothing says which cluster', () => {
    const said =
      'no cluster; nothing says where the API server is; run Maesh in a pod, or give --kubeConfig, KUBECONFIG or ' +
      '--masterURL; without a cluster, `maesh standalone` runs a mesh, and `maesh --help` shows everything else';
    for (const env of [{}, { KUBECONFIG: '' }, { KUBERNETES_SERVICE_HOST: '10.96.0.1' }]) {
      assert.deepEqual(mistakes({}, env), [said]);
    }
    assert.equal(options({ masterURL: 'http://127.0.0.1:8001' }, {}).masterURL, 'http://127.0.0.1:8001');
  });

  it('logs everything where debug is on', () => {
    assert.equal(options({ debug: true }).logLevel, 'debug');
  });

  it('has each namespace once, in order', () => {
    const { watchNamespaces, ignoreNamespaces } = options({
      watchNamespaces: ['b', 'a', 'b'],
      ignoreNamespaces: ['d', 'c'],
    });
    assert.deepEqual(
      [watchNamespaces, ignoreNamespaces],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    );
  });

  it('refuses to watch nothing but what is ignored', () => {
    const said = (names: string): string =>
      `--watchNamespaces ${names}; each of them is ignored, so there would be nothing in the mesh; ` +
      'watch one that is not ignored; kube-system always is';
    assert.deepEqual(mistakes({ watchNamespaces: ['a'], ignoreNamespaces: ['b', 'a'] }), [said('a')]);
    assert.deepEqual(mistakes({ watchNamespaces: ['kube-system', 'a'], ignoreNamespaces: ['a'] }), [
      said('a,kube-system'),
    ]);
    assert.deepEqual(options({ watchNamespaces: ['a', 'b'], ignoreNamespaces: ['a'] }).watchNamespaces, [
      'a',
      'b',
    ]);
  });

  it('refuses two uses of one port', () => {
    assert.deepEqual(mistakes({ apiPort: 15_010 }), [
      '--xdsPort 15010; --apiPort is the same port; give each a port of its own, or 0 for any free one',
    ]);
  });
});
