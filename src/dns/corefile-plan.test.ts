import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ApiObject } from '../kube/api-object.ts';
import { planCorefile, planRestoredCorefile } from './corefile-plan.ts';
import type { CorefilePlace } from './layout.ts';
import type { DnsPlan, FindObject, PodRestart } from './plan.ts';

const mesh = {
  namespace: 'maesh',
  clusterDomain: 'cluster.local',
  domains: ['maesh'],
  longNames: new Map<string, string>(),
};
const plain = '.:53 {\n    kubernetes cluster.local\n    reload\n}\n';
const importing = `${plain}import custom/*.server\n`;
const place: CorefilePlace = {
  kind: 'corefile',
  corefile: { namespace: 'kube-system', name: 'coredns', key: 'Corefile' },
  custom: { namespace: 'kube-system', name: 'coredns-custom', folder: '/etc/coredns/custom' },
  workload: { kind: 'Deployment', namespace: 'kube-system', name: 'coredns' },
  version: { major: 1, minor: 12, patch: 1 },
};

/** ConfigMaps by their names. */
function found(maps: Readonly<Record<string, Readonly<Record<string, string>>>>): FindObject {
  const objects = Object.entries(maps).map(([name, data]): [string, ApiObject] => [
    name,
    { metadata: { name, namespace: 'kube-system', resourceVersion: '7' }, data },
  ]);
  const byName = new Map(objects);
  return ({ name }) => byName.get(name);
}

/** What would be there after a plan's patches. */
function after(
  maps: Readonly<Record<string, Readonly<Record<string, string>>>>,
  { writes }: DnsPlan,
): Record<string, Record<string, string>> {
  const result = structuredClone(maps) as Record<string, Record<string, string>>;
  for (const write of writes) {
    assert.ok(write.kind === 'patch');
    const { data } = write.patch as { readonly data: Readonly<Record<string, string | null>> };
    const map = (result[write.object.name] ??= {});
    for (const [key, text] of Object.entries(data)) {
      if (text === null) delete map[key];
      else map[key] = text;
    }
  }
  return result;
}

describe('planCorefile', () => {
  it('moves the names to files where the Corefile comes to import some, and back where it does so no more', () => {
    const before = { coredns: { Corefile: plain }, 'coredns-custom': { 'log.override': 'log\n' } };
    const inCorefile = after(before, planCorefile(place, found(before), mesh));
    assert.match(inCorefile['coredns']?.['Corefile'] ?? '', /\nmaesh:53 \{\n/);
    assert.deepEqual(inCorefile['coredns-custom'], before['coredns-custom']);

    const changed = {
      ...inCorefile,
      coredns: { Corefile: `${inCorefile['coredns']?.['Corefile']}import custom/*.server\n` },
    };
    const moving = planCorefile(place, found(changed), mesh);
    // Served twice, the names would keep CoreDNS from starting.
    assert.deepEqual(
      moving.writes.map(({ object }) => object.name),
      ['coredns', 'coredns-custom'],
    );
    const inFiles = after(changed, moving);
    assert.equal(inFiles['coredns']?.['Corefile'], importing);
    assert.match(inFiles['coredns-custom']?.['maesh.server'] ?? '', /\nmaesh:53 \{\n/);
    assert.deepEqual(planCorefile(place, found(inFiles), mesh).writes, []);

    const back = { ...inFiles, coredns: { Corefile: plain } };
    assert.deepEqual(after(back, planCorefile(place, found(back), mesh)), inCorefile);
  });

  it('has pods replaced where the version does not notice changes of imported files', () => {
    const maps = { coredns: { Corefile: importing }, 'coredns-custom': {} };
    const restart = (patch: number): PodRestart | undefined =>
      planCorefile({ ...place, version: { major: 1, minor: 6, patch } }, found(maps), mesh).restart;
    assert.equal(restart(2), undefined);
    assert.match(restart(1)?.for ?? '', /^[0-9a-f]{12}$/);
    assert.equal(restart(1)?.onChange, true);
  });

  it('plans nothing for a version that is too old, or a Corefile that is not there, and says so', () => {
    const maps = { coredns: { Corefile: plain } };
    const old = planCorefile({ ...place, version: { major: 1, minor: 2, patch: 6 } }, found(maps), mesh);
    assert.deepEqual(old.writes, []);
    assert.match(old.trouble?.message ?? '', /before 1\.3/);
    const missing = planCorefile(place, found({}), mesh);
    assert.deepEqual(missing.writes, []);
    assert.match(
      missing.trouble?.message ?? '',
      /^There is no Corefile: ConfigMap kube-system\/coredns has no key/,
    );
  });
});

describe('planRestoredCorefile', () => {
  it('gives back what was there, whatever version it is for', () => {
    for (const Corefile of [plain, importing]) {
      const before = { coredns: { Corefile }, 'coredns-custom': { 'log.override': 'log\n' } };
      const withMesh = after(before, planCorefile(place, found(before), mesh));
      assert.notDeepEqual(withMesh, before);
      const old = { ...place, version: { major: 1, minor: 2, patch: 6 } };
      assert.deepEqual(after(withMesh, planRestoredCorefile(old, found(withMesh), 'maesh')), before);
    }
  });

  it("leaves another mesh's names", () => {
    const before = { coredns: { Corefile: importing }, 'coredns-custom': {} };
    const withMesh = after(before, planCorefile(place, found(before), mesh));
    assert.deepEqual(planRestoredCorefile(place, found(withMesh), 'other').writes, []);
  });
});
