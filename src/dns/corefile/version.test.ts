import assert from 'node:assert/strict';
import { test } from 'node:test';

import { coreDnsVersion, isSupported } from './version.ts';

test('coreDnsVersion() reads tags with anything around the version', () => {
  const versions = {
    'registry.k8s.io/coredns/coredns:v1.12.1': [1, 12, 1],
    'registry.example:5000/eks/coredns:v1.11.1-eksbuild.4': [1, 11, 1],
    'rancher/hardened-coredns:v1.9.3-rke2r1-build20220613': [1, 9, 3],
    'coredns/coredns:1.6.9@sha256:0123456789abcdef': [1, 6, 9],
    'coredns:1.3': [1, 3, 0],
  };
  for (const [image, [major, minor, patch]] of Object.entries(versions))
    assert.deepEqual(coreDnsVersion(image), { major, minor, patch }, image);
});

test('coreDnsVersion() gives nothing where there is no version', () => {
  for (const image of [
    'coredns',
    'coredns:latest',
    'coredns@sha256:0123',
    'registry.example:5000/coredns',
    '',
  ])
    assert.equal(coreDnsVersion(image), undefined, image);
});

test('isSupported() takes 1.3 and later, and what is not known', () => {
  for (const image of ['coredns:1.3.1', 'coredns:1.15.0', 'coredns:2.0.0', 'coredns:edge'])
    assert.ok(isSupported(coreDnsVersion(image)), image);
  for (const image of ['coredns:1.2.6', 'coredns:0.9.10'])
    assert.ok(!isSupported(coreDnsVersion(image)), image);
});
