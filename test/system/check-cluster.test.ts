// `maesh check` of a cluster, with a real API server and real controllers: all well, and each check of the API server, the
// controller and what they need made to fail by the fault that it is there for.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { userNeeds } from '../../src/check/permission-checks.ts';
import type { CheckResult } from '../../src/check/run-checks.ts';
import { ClusterChecks } from '../kit/cluster-checks.ts';
import { freePort } from '../kit/free-port.ts';
import {
  controllerPod,
  deployment,
  installedIn,
  notReady,
  permissions,
  rolesFor,
  withoutImage,
} from '../kit/installed-mesh.ts';
import type { KubeObject } from '../kit/kube-objects.ts';
import { machineAddress } from '../kit/machine-address.ts';
import { runMaesh, startMaesh } from '../kit/run-maesh.ts';
import { installSmi, removeSmi, smiDefinitions } from '../kit/smi-definitions.ts';
import { until } from '../kit/until.ts';

/** Someone who is in the cluster and may do nothing. */
const stranger = { token: 'stranger', user: 'stranger' };
/** Someone who is let to check. */
const viewer = { token: 'viewer', user: 'viewer' };

describe('maesh check of a cluster', () => {
  let checks: ClusterChecks;

  before(async () => {
    checks = await ClusterChecks.start({ nameServer: '127.122.1.1', tokens: [stranger, viewer] });
  });
  after(() => checks[Symbol.asyncDispose]());

  const controllerA = (status?: object): KubeObject => {
    const [controller] = checks.installed.controllers;
    return controllerPod(controller ?? assert.fail('it runs'), status);
  };

  it('finds that all is well, and says so to people and to programs', async () => {
    await checks.allWell();
    const flags = ['check', '--kubeConfig', checks.plane.kubeconfig];
    const { code, stdout, stderr } = await runMaesh(flags);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^API server\nok {6}the API server answers: https:/);
    assert.match(stdout, /\n21 checks: all is well\n$/);
    const json = await runMaesh([...flags, '-o', 'json']);
    const report = JSON.parse(json.stdout) as { status: string; checks: readonly CheckResult[] };
    assert.deepEqual([json.code, report.status, report.checks.length], [0, 'ok', 21]);
    assert.deepEqual(new Set(report.checks.map(({ status }) => status)), new Set(['ok']));
  });

  it('knows of all that controllers have to be allowed: these do their work with nothing else', async () => {
    const split: KubeObject = {
      apiVersion: 'split.smi-spec.io/v1alpha4',
      kind: 'TrafficSplit',
      metadata: { name: 'nowhere', namespace: installedIn.services },
      spec: { service: 'shop', backends: [{ service: 'missing', weight: 1 }] },
    };
    await checks.during({
      fault: () => checks.apply(split),
      look: async () => {
        await until('the status and an Event to say what is wrong', async () => {
          const status = (await checks.installed.objects.get(split))?.['status'] ?? {};
          const { conditions = [] } = status as { readonly conditions?: readonly unknown[] };
          const events = await checks.installed.objects.list(
            `/api/v1/namespaces/${installedIn.services}/events`,
          );
          return conditions.length > 0 && events.length > 0 ? true : undefined;
        });
        const lines = checks.installed.controllers.flatMap(({ log }) =>
          log.lines.map((line) => JSON.stringify(line)),
        );
        assert.deepEqual(
          lines.filter((line) => line.includes('not allowed')),
          [],
        );
      },
      mend: () => checks.delete(split),
    });
  });

  it('waits for what may come right, if it is told to', async () => {
    await checks.apply(controllerA(notReady));
    const flags = ['check', '--kubeConfig', checks.plane.kubeconfig, '--wait', '60'];
    const waits = startMaesh(flags);
    const other = await runMaesh(['check', '--kubeConfig', checks.plane.kubeconfig]);
    assert.equal(other.code, 1);
    await checks.apply(controllerA());
    const { code, stdout } = await waits.result;
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\n21 checks: all is well\n$/);
  });

  it('server-reachable: an API server that is not there; the rest is not looked at', async () => {
    const url = `https://127.0.0.1:${await freePort('127.0.0.1')}`;
    const kubeConfig = await checks.plane.writeKubeconfig({ url });
    const all = await checks.results({ kubeConfig });
    assert.match(all[0]?.details[0] ?? '', /there is no connection to 127\.0\.0\.1/);
    assert.deepEqual(
      all.map(({ status }) => status),
      ['error', ...Array.from({ length: all.length - 1 }, () => 'skipped')],
    );
    const { code, stdout, stderr } = await runMaesh(['check', '--kubeConfig', kubeConfig]);
    assert.deepEqual([code, stderr], [1, '']);
    assert.match(
      stdout,
      /\nerror {3}the API server answers: .* \(server-reachable\)\n {4}Cannot get \/version: /,
    );
    assert.match(stdout, /\n21 checks: 1 error, 20 not looked at\n$/);
  });

  it('user-permissions: somebody who may see nothing is told what to be granted', async () => {
    const kubeConfig = await checks.plane.writeKubeconfig({ token: stranger.token });
    const seen = await checks.faults({ kubeConfig });
    const { status, details } = seen.get('user-permissions') ?? assert.fail('it is found');
    assert.equal(status, 'error');
    assert.ok(details.includes('list pods in namespace maesh, to see what is installed'));
    assert.ok(details.includes('get pods/proxy in namespace maesh, to ask the controller'));
    assert.ok(
      details.includes(
        'create subjectaccessreviews.authorization.k8s.io in all namespaces, to see what the controller may do',
      ),
    );
    assert.match(seen.get('controller-installed')?.details[0] ?? '', /Grant it by a rule/);
  });

  it('user-permissions: what is said to be needed is enough, but for what others may do', async () => {
    const subject = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: viewer.user };
    await checks.apply(...rolesFor({ name: 'viewer', subject, needs: userNeeds(installedIn.mesh) }));
    const kubeConfig = await checks.plane.writeKubeconfig({ token: viewer.token });
    const wanted = { 'user-permissions': 'warning', 'controller-permissions': 'warning' } as const;
    const { details } = await checks.found(wanted, { kubeConfig });
    assert.deepEqual(details, [
      'create subjectaccessreviews.authorization.k8s.io in all namespaces, to see what the controller may do',
    ]);
  });

  it('controller-installed: a namespace in which there is none', async () => {
    const seen = await checks.faults({ namespace: installedIn.services });
    assert.match(seen.get('controller-installed')?.advice ?? '', /--namespace/);
    assert.equal(seen.get('proxies-installed')?.status, 'error');
    assert.equal(seen.get('shadow-services')?.status, 'skipped');
  });

  it('controller-ready: a replica that is not ready, with what its pod says', async () => {
    await checks.during({
      fault: () => checks.apply(controllerA(withoutImage)),
      look: async () => {
        const { message, details } = await checks.found({ 'controller-ready': 'error' });
        assert.equal(message, '1 of 2 replicas');
        assert.deepEqual(details, [
          'pod maesh-controller-a: container c waits: ImagePullBackOff: no such image',
        ]);
      },
      mend: () => checks.apply(controllerA()),
    });
    await checks.during({
      fault: () => checks.apply(deployment(0)),
      look: async () =>
        assert.match((await checks.found({ 'controller-ready': 'error' })).message, /scaled to 0/),
      mend: () => checks.apply(deployment()),
    });
  });

  it('controller-answers: a replica that the API server does not reach', async () => {
    const apiPort = await freePort(machineAddress());
    await checks.during({
      fault: () => checks.apply(controllerPod({ name: 'maesh-controller-c', apiPort })),
      look: async () => {
        const seen = await checks.faults();
        const { status, details } = seen.get('controller-answers') ?? assert.fail('it is found');
        assert.equal(status, 'error');
        assert.match(
          details.join('\n'),
          /^pod maesh-controller-c: Cannot get pods\/proxy .*connection refused/,
        );
      },
      mend: () => checks.delete(controllerPod({ name: 'maesh-controller-c', apiPort })),
    });
  });

  it('controller-leader: a Lease that somebody else keeps', async () => {
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    const metadata = { name: 'maesh-controller', namespace: installedIn.mesh };
    const rival = new AbortController();
    const take = async (): Promise<void> => {
      while (!rival.signal.aborted) {
        const renewTime = new Date().toISOString().replace('Z', '000Z');
        const spec = { holderIdentity: 'stranger', leaseDurationSeconds: 1, renewTime };
        await checks.apply({ ...lease, metadata, spec });
      }
    };
    const taking = take();
    try {
      const wanted = { 'controller-leader': 'error', 'shadow-services': 'skipped' } as const;
      assert.match((await checks.found(wanted)).message, /is held by stranger/);
    } finally {
      rival.abort();
      await taking;
    }
    await checks.allWell();
  });

  it('controller-versions: a command of another version', async () => {
    const { details } = await checks.found({ 'controller-versions': 'warning' }, { version: '1.4.8' });
    assert.deepEqual(details, ['pod maesh-controller-a: 2.0.0-dev', 'pod maesh-controller-b: 2.0.0-dev']);
  });

  it('controller-permissions: a permission that is taken away', async () => {
    const without = (resource: string): readonly string[] => {
      if (resource === 'services') return ['delete'];
      return resource === 'trafficsplits/status' ? ['patch'] : [];
    };
    await checks.during({
      fault: () => checks.apply(...permissions(without)),
      look: async () => {
        const { message, details } = await checks.found({ 'controller-permissions': 'error' });
        assert.equal(message, 'service account maesh/maesh-controller lacks 2 permissions');
        assert.deepEqual(details, [
          'delete services in namespace maesh, to give each service its name',
          'patch trafficsplits.split.smi-spec.io/status in all namespaces, to say there what is wrong with it',
        ]);
      },
      mend: () => checks.apply(...permissions()),
    });
  });

  it('smi-served: definitions that are not there, an error where nobody could be let in without them', async () => {
    const definitions = await smiDefinitions();
    const of = (group: string): typeof definitions =>
      definitions.filter(({ spec }) => spec.group === `${group}.smi-spec.io`);
    await checks.during({
      fault: () => removeSmi(checks.installed.objects, of('split')),
      look: async () => {
        const { details } = await checks.found({ 'smi-served': 'warning' });
        assert.deepEqual(details, ['TrafficSplit is not served in v1alpha4, v1alpha3, v1alpha2']);
      },
      mend: async () => void (await installSmi(checks.installed.objects, of('split'))),
    });
    await checks.during({
      fault: () => removeSmi(checks.installed.objects, of('access')),
      look: async () =>
        assert.match((await checks.found({ 'smi-served': 'error' })).advice ?? '', /nobody can be let in/),
      mend: async () => void (await installSmi(checks.installed.objects, of('access'))),
    });
  });

  it("smi-status: definitions without a status, as the original's", async () => {
    const given = (await smiDefinitions()).find(({ spec }) => spec.names.kind === 'TrafficSplit');
    const definition = given ?? assert.fail('the chart has it');
    const versions = definition.spec.versions.map((version) => ({ ...version, subresources: undefined }));
    const without = { ...definition, spec: { ...definition.spec, versions } };
    await removeSmi(checks.installed.objects, [definition]);
    await checks.during({
      fault: async () => void (await installSmi(checks.installed.objects, [without])),
      look: async () => {
        const { details } = await checks.found({ 'smi-status': 'warning' });
        assert.deepEqual(details, ['TrafficSplit has no status']);
      },
      mend: async () => {
        await removeSmi(checks.installed.objects, [definition]);
        await installSmi(checks.installed.objects, [definition]);
      },
    });
  });
});
