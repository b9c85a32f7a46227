import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { clusterOptions, commandClusterOptions } from './cluster-access.ts';

const inPod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
const nothing = { kubeConfig: undefined, masterURL: undefined };

describe('the cluster of a command that people type', () => {
  let home: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'maesh-home-'));
    await mkdir(join(home, '.kube'));
    await writeFile(join(home, '.kube', 'config'), '');
  });
  after(() => rm(home, { recursive: true }));

  it('is that of the kubeconfig that is named, else of KUBECONFIG, in a pod too', () => {
    const env = { ...inPod, HOME: home, KUBECONFIG: '/b' };
    const said = { ...nothing, kubeConfig: '/a' };
    assert.deepEqual(commandClusterOptions(said, { env }), { ...said, env, isPodFirst: false });
    assert.equal(commandClusterOptions(nothing, { env }).kubeConfig, '/b');
  });

  it("is the pod's own in a pod where none is named, and else that of kubectl's file", () => {
    const kubeConfigOf = (env: Readonly<Record<string, string>>): string | undefined =>
      commandClusterOptions(nothing, { env }).kubeConfig;
    assert.equal(kubeConfigOf({ ...inPod, HOME: home }), undefined);
    assert.equal(kubeConfigOf({ HOME: home }), join(home, '.kube', 'config'));
    assert.equal(kubeConfigOf({ HOME: join(home, '.kube') }), undefined);
    assert.equal(kubeConfigOf({ HOME: '' }), undefined);
    assert.equal(kubeConfigOf({}), undefined);
  });

  it("is at an address that is named, to which nobody's credentials are shown", () => {
    const said = { kubeConfig: undefined, masterURL: 'localhost:8001' };
    assert.equal(commandClusterOptions(said, { env: { HOME: home } }).kubeConfig, undefined);
  });

  it("is not that of kubectl's file for the controller, which runs in pods", () => {
    const env = { HOME: home };
    assert.deepEqual(clusterOptions(nothing, { env }), { ...nothing, env });
  });
});
