import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';

import { removeStubDomains, setStubDomains } from './stub-domains.ts';

const domains = ['maesh', 'traefik.mesh'];
const server = '10.96.7.53';
const ours = { maesh: [server], 'traefik.mesh': [server] };

function set(text: string | undefined): string {
  const result = setStubDomains(text, domains, server);
  assert.ok(result !== undefined);
  return result;
}

describe('stub domains', () => {
  it('say of the mesh what they said of nothing, and then nothing again', () => {
    for (const empty of [undefined, '']) {
      const text = set(empty);
      assert.deepEqual(JSON.parse(text), ours);
      assert.equal(set(text), text);
      assert.equal(removeStubDomains(text, domains), undefined);
    }
  });

  it('keep every byte of what they said of others', () => {
    const texts = [
      '{}',
      '{ }\n',
      '{"a.example":["10.1.2.3"]}',
      '{\n  "a.example" : [ "10.1.2.3" , "10.1.2.4:54" ] \n}\n',
    ];
    for (const text of texts) {
      const withMesh = set(text);
      assert.deepEqual(JSON.parse(withMesh), { ...(JSON.parse(text) as object), ...ours });
      assert.equal(set(withMesh), withMesh);
      assert.equal(removeStubDomains(withMesh, domains), text);
    }
  });

  it('are given back as they were, whatever else is in them and however it is laid out', () => {
    const others = fc.dictionary(fc.string({ minLength: 1 }), fc.array(fc.string()), { maxKeys: 4 });
    fc.assert(
      fc.property(others, fc.nat(4), (given, indent) => {
        fc.pre(domains.every((domain) => !(domain in given)));
        const text = JSON.stringify(given, undefined, indent);
        const withMesh = set(text);
        assert.deepEqual(JSON.parse(withMesh), { ...given, ...ours });
        assert.equal(removeStubDomains(withMesh, domains), text);
      }),
    );
  });

  it('replace what was said of the mesh before, as the original wrote it', () => {
    const text = '{"a.example":["10.1.2.3"],"maesh":["10.0.0.9"],"traefik.mesh":["10.0.0.9"]}';
    assert.deepEqual(JSON.parse(set(text)), { 'a.example': ['10.1.2.3'], ...ours });
    assert.equal(removeStubDomains(text, domains), '{"a.example":["10.1.2.3"]}');
    assert.equal(removeStubDomains('{"maesh":["10.0.0.9"],"traefik.mesh":["10.0.0.9"]}', domains), '{}');
  });

  it('are left alone where they are no JSON object of lists', () => {
    for (const text of ['{', '[]', 'null', '{"a.example": {"servers": []}}']) {
      assert.equal(setStubDomains(text, domains, server), undefined);
      assert.equal(removeStubDomains(text, domains), text);
    }
  });
});
