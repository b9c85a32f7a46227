// The chart's own CoreDNS: its Corefile is one of those that real CoreDNS of several versions load and are asked names by
// (test/system/dns-layouts.test.ts), and its container may do what its image asks for.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';

import { render, titleOf } from '../kit/chart.ts';

it("the Corefile of the mesh's own CoreDNS is the one that is tried", async () => {
  const objects = await render({ values: { kubedns: true } });
  const found = objects.find((object) => titleOf(object) === 'ConfigMap maesh/coredns');
  const tried = join(import.meta.dirname, '..', 'golden-corefiles', 'own', 'Corefile');
  assert.deepEqual(found?.['data'], { Corefile: await readFile(tried, 'utf8') });
});

it("the mesh's own CoreDNS may have the capability without which its image's file can't be started", async () => {
  const objects = await render({ values: { kubedns: true } });
  const found = objects.find((object) => titleOf(object) === 'Deployment maesh/coredns');
  assert.partialDeepStrictEqual(found, {
    spec: {
      template: {
        spec: {
          containers: [{ securityContext: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } }],
        },
      },
    },
  });
});
