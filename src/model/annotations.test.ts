import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { kubeService } from '../../test/kit/objects.ts';
import { annotationTable } from './annotation-table.ts';
import { annotationsOf, noAnnotations, readAnnotations, type Annotations } from './annotations.ts';

const ports = [
  { name: 'web', port: 80 },
  { name: 'db', port: 5432 },
] as const;

function read(
  annotations: Readonly<Record<string, string>>,
  last?: Annotations,
): ReturnType<typeof readAnnotations> {
  return readAnnotations(kubeService({ ports, annotations }), last);
}

function whatIsWrong(annotations: Readonly<Record<string, string>>): readonly string[] {
  return read(annotations).mistakes.map(({ annotation, what }) => `${annotation} ${what}`);
}

describe('readAnnotations()', () => {
  it('reads each key under the newer prefix first, and leaves those of others alone', () => {
    const { values, mistakes } = read({
      'maesh.containo.us/scheme': 'https',
      'maesh.containo.us/traffic-type': 'tcp',
      'mesh.traefik.io/scheme': 'h2c',
      'example.com/scheme': 'ftp',
    });
    assert.deepEqual(annotationsOf(values, ports[0]), { scheme: 'h2c', 'traffic-type': 'tcp' });
    assert.deepEqual(mistakes, []);
  });

  it('takes the older prefix for nothing where the newer one speaks, even if that means nothing', () => {
    const { values, mistakes } = read({
      'maesh.containo.us/scheme': 'https',
      'mesh.traefik.io/scheme': 'ftp',
    });
    assert.deepEqual(annotationsOf(values, ports[0]), {});
    assert.deepEqual(
      mistakes.map(({ annotation }) => annotation),
      ['mesh.traefik.io/scheme'],
    );
  });

  it('reads what is said of single ports, by their number or name', () => {
    const { values, mistakes } = read({
      'mesh.traefik.io/traffic-type': 'http',
      'mesh.traefik.io/traffic-type.5432': 'udp',
      'mesh.traefik.io/traffic-type.db': 'tcp',
      'mesh.traefik.io/scheme.80': 'h2c',
    });
    assert.deepEqual(mistakes, []);
    assert.deepEqual(annotationsOf(values, ports[0]), { 'traffic-type': 'http', scheme: 'h2c' });
    assert.deepEqual(annotationsOf(values, ports[1]), { 'traffic-type': 'tcp' });
  });

  it('says what is wrong: the annotation, its value, and what is allowed', () => {
    assert.deepEqual(
      whatIsWrong({
        'maesh.containo.us/traffic-type': 'HTTP',
        'mesh.traefik.io/scheme.web': 'ftp',
        'mesh.traefik.io/scheme.81': 'http',
        'mesh.traefik.io/retry-atempts': '3',
      }),
      [
        'mesh.traefik.io/scheme.web is "ftp", but must be one of http, h2c, https',
        'mesh.traefik.io/scheme.81 names port "81", which the service doesn\'t have',
        'mesh.traefik.io/retry-atempts is none that the mesh knows',
        'maesh.containo.us/traffic-type is "HTTP", but must be one of http, tcp, udp',
      ],
    );
  });

  it('goes on with what an annotation last said where it means nothing, again and again', () => {
    const good = read({ 'mesh.traefik.io/scheme': 'h2c', 'mesh.traefik.io/traffic-type.db': 'tcp' }).values;
    const bad = { 'mesh.traefik.io/scheme': 'ftp', 'mesh.traefik.io/traffic-type.db': 'db' };
    const once = read(bad, good);
    assert.deepEqual(once.values, good);
    assert.equal(once.mistakes.length, 2);
    assert.deepEqual(read(bad, once.values).values, good);
    assert.deepEqual(read({}, good).values, noAnnotations);
  });

  it('trusts nobody where whom to trust is a mistake from the beginning, else goes on as before', () => {
    const broken = { 'mesh.traefik.io/tls-ca': 'no certificate' };
    const first = read(broken);
    assert.deepEqual(annotationsOf(first.values, ports[0]), { 'tls-ca': 'nobody' });
    assert.equal(first.mistakes.length, 1);
    const good: Annotations = new Map([['*', { 'tls-ca': { pem: 'a certificate' } }]]);
    assert.deepEqual(read(broken, good).values, good);
  });

  it('takes whatever text there is without failing, and shows no more than a part of it', () => {
    const names = fc.oneof(
      fc.constantFrom(...Object.keys(annotationTable)),
      fc.constantFrom(
        'scheme.80',
        'scheme.web',
        'scheme.',
        '.',
        '',
        '__proto__',
        'constructor',
        'toString.80',
      ),
      fc.string(),
    );
    const prefix = fc.constantFrom('mesh.traefik.io/', 'maesh.containo.us/');
    const key = fc.tuple(prefix, names).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.dictionary(key, fc.string({ maxLength: 400 })), (annotations) => {
        for (const { what } of read(annotations).mistakes) assert.ok(what.length < 4000);
      }),
    );
  });
});
