// A real API server takes everything that the chart makes, in namespaces with the restricted Pod Security standard.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { render, titleOf } from '../kit/chart.ts';
import { readChartCases } from '../kit/chart-cases.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';

const cases = await readChartCases();
/** That of the release, and those that the cases watch. */
const namespaces = ['maesh', 'first', 'second'];

let plane: ControlPlane;
let objects: KubeObjects;

before(async () => {
  plane = await startControlPlane();
  objects = new KubeObjects(plane.admin);
  // Pods are refused whose account is not there, even in a dry run.
  const all = (await Promise.all(cases.map(({ values }) => render({ values })))).flat();
  await objects.apply(...all.filter(({ kind }) => kind === 'ServiceAccount'));
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  for (const name of namespaces) {
    const metadata = { name, labels } as KubeObject['metadata'];
    await objects.apply({ apiVersion: 'v1', kind: 'Namespace', metadata });
  }
});

after(async () => {
  objects[Symbol.dispose]();
  await plane.stop();
});

describe('an API server', () => {
  for (const { name, values } of cases) {
    it(`takes what the chart makes of the values ${name}, and its pods`, async () => {
      const made = await render({ values });
      const pods = made.flatMap(podOf);
      assert.ok(pods.length >= 2);
      for (const object of [...made, ...pods]) {
        await assert.doesNotReject(dryRun(object), `refused: ${titleOf(object)}`);
      }
    });
  }

  it('would refuse a pod that may do more', async () => {
    const values = { proxy: { securityContext: { capabilities: { add: ['NET_ADMIN'] } } } };
    const [pod] = (await render({ values })).filter(({ kind }) => kind === 'DaemonSet').flatMap(podOf);
    assert.ok(pod !== undefined);
    await assert.rejects(dryRun(pod), /violates PodSecurity "restricted:latest": unrestricted capabilities/u);
  });
});

/** What fields it knows and what values it takes is looked at by the server, and nothing is kept. */
async function dryRun(object: KubeObject): Promise<void> {
  const query = 'fieldManager=maesh-test&dryRun=All&fieldValidation=Strict';
  const path = `${await objects.path(object)}?${query}`;
  await objects.send({ method: 'PATCH', path, body: object, contentType: 'application/apply-patch+yaml' });
}

interface Workload extends KubeObject {
  readonly spec: { readonly template?: { readonly metadata: object; readonly spec: object } };
}

/** The pod that a workload would make; none of anything else. Of a workload the server only warns. */
function podOf(object: KubeObject): readonly KubeObject[] {
  const { template } = (object as Workload).spec ?? {};
  if (template === undefined) return [];
  const { name, namespace = '' } = object.metadata;
  const metadata = { ...template.metadata, name: `${name}-pod`, namespace };
  return [{ apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec }];
}
