import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { importsServerFiles, patchFiles, restoreFiles } from './custom-files.ts';
import type { MeshDns } from './mesh-dns.ts';

const corefile =
  '.:53 {\n  kubernetes cluster.local\n  import custom/*.override\n}\nimport custom/*.server\n';
const mesh: MeshDns = {
  namespace: 'maesh',
  clusterDomain: 'cluster.local',
  domains: ['maesh'],
  longNames: new Map(),
};

test('importsServerFiles() looks between server blocks', () => {
  assert.ok(importsServerFiles(corefile));
  assert.ok(importsServerFiles('import /etc/coredns/custom/*.server\n.:53 {\n}\n'));
  assert.ok(!importsServerFiles('.:53 {\n  import custom/*.server\n}\n'));
  assert.ok(!importsServerFiles('.:53 {\n}\nimport custom/*.override\n'));
  assert.ok(!importsServerFiles('import custom/*.server\n.:53 {\n'));
});

suite('patchFiles()', () => {
  test('writes one file and leaves the others', () => {
    const files = { 'a.server': 'a:53 {\n}\n', 'b.override': 'log\n', note: '{' };
    const patch = patchFiles(files, corefile, mesh);
    assert.ok(patch.kind === 'patched', JSON.stringify(patch));
    assert.deepEqual(Object.keys(patch.result), [...Object.keys(files), 'maesh.server']);
    assert.deepEqual(restoreFiles(patch.result), files);
  });

  test('touches no file of that name that is not the mesh’s', () => {
    for (const name of ['maesh.server', 'traefik.mesh.server'])
      assert.deepEqual(restoreFiles({ [name]: 'maesh:53 {\n}\n' }), { [name]: 'maesh:53 {\n}\n' });
    const patch = patchFiles({ 'maesh.server': 'maesh:53 {\n}\n' }, corefile, mesh);
    assert.ok(patch.kind === 'refused');
    assert.equal(patch.reason, "there is a file maesh.server already that is not the mesh's");
  });

  test('says what another file has against it', () => {
    const patch = patchFiles({ 'a.server': 'maesh {\n}\n' }, corefile, mesh);
    assert.ok(patch.kind === 'refused');
    assert.equal(patch.reason, 'with the mesh and the other files: dns://maesh.:53 is served twice');
  });
});
