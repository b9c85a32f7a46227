// Proxies start with what `maesh bootstrap` prints. UPDATE_GOLDEN in the environment writes the chart's file anew.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';

import { chart, render, titleOf } from '../kit/chart.ts';
import type { KubeObject } from '../kit/kube-objects.ts';
import { runMaesh } from '../kit/run-maesh.ts';

/** What `maesh bootstrap` prints for the mesh of a namespace, whose controller has that name. */
async function bootstrap(namespace: string, xdsHost: string): Promise<string> {
  const flags = ['--nodeId=proxy', `--namespace=${namespace}`, `--xdsHost=${xdsHost}`, '--adminHost=::'];
  const { code, stdout, stderr } = await runMaesh(['bootstrap', ...flags]);
  assert.equal(code, 0, stderr);
  return stdout;
}

describe("the proxies' bootstrap", () => {
  before(async () => {
    if (process.env['UPDATE_GOLDEN'] === undefined) return;
    await writeFile(join(chart, 'files', 'bootstrap.yaml'), await bootstrap('mesh-namespace', 'xds-host'));
  });

  for (const [namespace, clusterDomain] of [
    ['maesh', 'cluster.local'],
    ['service-mesh', 'cluster.example'],
  ] as const) {
    it(`is what maesh bootstrap prints, in the namespace ${namespace} of ${clusterDomain}`, async () => {
      const objects = await render({ namespace, values: { clusterDomain } });
      const found = objects.find((object) => titleOf(object) === `ConfigMap ${namespace}/maesh-mesh`);
      const xdsHost = `maesh-controller.${namespace}.svc.${clusterDomain}`;
      assert.equal(
        (found as ConfigMap | undefined)?.data['bootstrap.yaml'],
        await bootstrap(namespace, xdsHost),
      );
    });
  }
});

interface ConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}
