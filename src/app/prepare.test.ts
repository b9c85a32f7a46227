import assert from 'node:assert/strict';
import { it } from 'node:test';

import { refusingDns } from '../../test/kit/dns/refusing-dns.ts';
import { clientOf, replies } from '../../test/kit/kube-answers.ts';
import { prepareCluster, type PrepareStep } from './prepare.ts';

it('maesh prepare has a place of DNS know the mesh whatever comes of another', async () => {
  const corefile = 'cluster.local:53 {\n  kubernetes cluster.local\n  reload\n}\n';
  const { patched, answer } = refusingDns(corefile);
  const { url } = await clientOf((request, response) => {
    if (answer(request, response)) return;
    replies(200, { items: [], metadata: { resourceVersion: '1' } })(request, response);
  });
  const steps: PrepareStep[] = [];
  const options = {
    kubeConfig: undefined,
    masterURL: url,
    env: {},
    namespace: 'maesh',
    meshDomains: ['maesh'],
    clusterDomain: 'cluster.local',
    restartDNS: false,
    logLevel: 'error',
    logFormat: 'common',
  } as const;
  const { signal } = new AbortController();
  await prepareCluster(options, { signal, onStep: (step) => steps.push(step) });
  assert.deepEqual(patched, ['coredns', 'node-local-dns']);
  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ['trouble', 'done'],
  );
  assert.match(
    steps[0]?.text ?? '',
    /^CoreDNS 1\.12\.1 .*: Cannot patch configmaps kube-system\/coredns: not allowed/,
  );
});
