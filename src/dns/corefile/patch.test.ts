// What comes out for the Corefiles of the world is in test/golden-corefiles; that CoreDNS loads it, in test/system.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { MeshDns, Patch } from './mesh-dns.ts';
import { patchCorefile, restoreCorefile } from './patch.ts';

const mesh: MeshDns = {
  namespace: 'maesh',
  clusterDomain: 'cluster.local',
  domains: ['maesh'],
  longNames: new Map(),
};

function corefile(inside: string, keys: string = '.:53'): string {
  return `${keys} {\n  kubernetes cluster.local\n${inside}\n}\n`;
}

function patched(patch: Patch<string>): string {
  assert.ok(patch.kind === 'patched', JSON.stringify(patch));
  return patch.result;
}

suite('patchCorefile()', () => {
  test('says why it does nothing, and what to put in by hand', () => {
    const reasons: readonly (readonly [string, RegExp])[] = [
      ['', /^no server block has the plugin kubernetes for cluster\.local$/],
      ['.:53 {\n  kubernetes other.local\n}\n', /^no server block has the plugin kubernetes/],
      ['.:53 {\n  forward . 10.0.0.1\n}\n', /^no server block has the plugin kubernetes/],
      [corefile('  acl {\n  }'), /decides by who asks \(plugin acl\)$/],
      [corefile('  view a {\n  }'), /decides by who asks \(plugin view\)$/],
      [corefile('  bind eth0'), /listens on eth0, which is no IP address$/],
      [corefile('', 'tls://.:853'), /^no server block for cluster\.local speaks plain DNS on a known port$/],
      [corefile('', '.:{$PORT}'), /speaks plain DNS on a known port$/],
      [corefile('  errors }'), /^CoreDNS would not load it: line 3: Unexpected \}$/],
      ['.:53\nkubernetes cluster.local\n', /^its last server block is not in braces$/],
      [`${corefile('')}maesh:53 {\n}\n`, /^line 9 of it with the mesh: dns:\/\/maesh\.:53 is served twice$/],
    ];
    for (const [text, reason] of reasons) {
      const patch = patchCorefile(text, mesh);
      assert.ok(patch.kind === 'refused', text);
      assert.match(patch.reason, reason);
      assert.match(patch.byHand, /^#### Begin Maesh Block\n[^]*^maesh:53 \{[^]*^#### End Maesh Block\n$/m);
    }
  });

  test('finds the server block for the cluster however it says so', () => {
    const texts = [
      corefile(''),
      '.:53 {\n  kubernetes CLUSTER.local. in-addr.arpa\n}\n',
      '.:53 {\n  kubernetes {$DOMAIN} in-addr.arpa\n}\n',
      '.:53 {\n  kubernetes {%DOMAIN%} in-addr.arpa\n}\n',
      'cluster.local {\n  kubernetes\n}\n.:54 {\n}\n',
      '(usual) {\n  kubernetes cluster.local\n}\n.:53 {\n  import usual\n}\n',
    ];
    for (const text of texts)
      assert.match(patched(patchCorefile(text, mesh)), /forward cluster\.local 127\.0\.0\.1:53 /);
  });

  test('asks where that listens, on each of its ports that answers for the cluster', () => {
    const keys = '.:53 cluster.local:1053 dns://example.org:1153 tls://.:853';
    const block = patched(patchCorefile(corefile('  bind fd00::1 10.0.0.1', keys), mesh));
    assert.deepEqual(block.match(/^maesh:\d+/gm), ['maesh:53', 'maesh:1053']);
    assert.deepEqual(block.match(/forward \S+ \S+/g), [
      'forward cluster.local [fd00::1]:53',
      'forward cluster.local [fd00::1]:1053',
    ]);
    assert.equal(block.match(/bind fd00::1 10\.0\.0\.1$/gm)?.length, 3);
  });

  test('hands mesh names on where those of the cluster are handed on', () => {
    const text =
      'cluster.local:53 {\n  bind 169.254.20.10\n  health :1\n  forward . 10.0.0.1 {\n    force_tcp\n  }\n}\n';
    const own = text.replace('health', 'kubernetes cluster.local\n health');
    assert.match(patched(patchCorefile(own, mesh)), /rewrite/);
    assert.match(
      patched(patchCorefile(text, mesh)),
      /^maesh:53 \{\n    bind 169\.254\.20\.10\n    forward \. 10\.0\.0\.1 \{\n    force_tcp\n  \}\n\}$/m,
    );
  });

  test('changes what it wrote when the mesh is another', () => {
    const before = patched(patchCorefile(corefile(''), mesh));
    const after = patched(patchCorefile(before, { ...mesh, namespace: 'other', domains: ['mesh.internal'] }));
    assert.equal(after.match(/^#### Begin/gm)?.length, 1);
    assert.doesNotMatch(after, /maesh-/);
    assert.match(after, /^mesh\.internal:53 \{$/m);
    assert.equal(restoreCorefile(after), corefile(''));
  });

  test('takes a namespace that leaves no room for names', () => {
    const namespace = 'n'.repeat(63);
    assert.match(patched(patchCorefile(corefile(''), { ...mesh, namespace })), /\{0,\}/);
  });
});
