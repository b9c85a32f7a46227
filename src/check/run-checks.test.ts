import assert from 'node:assert/strict';
import { it } from 'node:test';

import { clientOf, replies } from '../../test/kit/kube-answers.ts';
import { checkTable } from './check-table.ts';
import { Cluster } from './cluster.ts';
import { runChecks, type CheckResult } from './run-checks.ts';

it('has a finding for every check, whatever the answers are', async () => {
  // A list, an object, a version and a group at once, and none of them as Kubernetes has it.
  const strange = { items: [{ metadata: { name: 'a', resourceVersion: '1' }, spec: null }], metadata: {} };
  const answer = {
    ...strange,
    metadata: { resourceVersion: '1' },
    cluster: {},
    versions: [null],
    resources: 1,
  };
  const { client, url } = await clientOf(replies(200, answer));
  const cluster = new Cluster({ client, server: url, namespace: 'maesh', version: '2.0.0', patienceMs: 0 });
  const results: CheckResult[] = [];
  for await (const result of runChecks(cluster)) results.push(result);
  assert.deepEqual(
    results.map(({ name }) => name),
    Object.keys(checkTable),
  );
  const installed = results.find(({ name }) => name === 'controller-installed');
  assert.equal(installed?.message, 'that could not be found out');
  assert.match(installed.advice ?? '', /see controller-versions/);
});
