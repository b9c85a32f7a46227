import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { annotationTable, type AnnotationName } from './annotation-table.ts';

const backends = new URL('../../test/kit/backends/', import.meta.url);
const [own, other] = ['https-cert.pem', 'other-ca-cert.pem'].map((file) =>
  readFileSync(new URL(file, backends), 'utf8'),
) as [string, string];

/** What texts say; undefined where they are mistakes. */
const texts: Readonly<Partial<Record<AnnotationName, ReadonlyArray<readonly [string, unknown]>>>> = {
  'traffic-type': [
    ['http', 'http'],
    ['udp', 'udp'],
    ['HTTP', undefined],
    ['tcp ', undefined],
    ['', undefined],
  ],
  'retry-attempts': [
    ['1', 1],
    ['+3', 3],
    ['007', 7],
    ['2147483647', 2_147_483_647],
    ['2147483648', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['1.0', undefined],
    ['1e3', undefined],
    [' 1', undefined],
    ['', undefined],
  ],
  'outlier-max-ejected': [
    ['100', 100],
    ['101', undefined],
    ['0', undefined],
  ],
  'request-timeout': [
    ['1ms', 1],
    ['1.5s', 1500],
    ['1m30s', 90_000],
    ['1h0m.5s', 3_600_500],
    ['1500us', 2],
    ['2000000ns', 2],
    ['24h', 86_400_000],
    ['24h1ms', undefined],
    ['0', undefined],
    ['0s', undefined],
    ['-1s', undefined],
    ['1', undefined],
    ['1 s', undefined],
    ['1d', undefined],
    ['s', undefined],
    ['.s', undefined],
    ['', undefined],
  ],
  'tls-verify': [
    ['true', true],
    ['false', false],
    ['True', undefined],
    ['1', undefined],
  ],
  'tls-server-name': [
    ['shop', 'shop'],
    ['Shop.Example.com', 'Shop.Example.com'],
    ['shop..com', undefined],
    ['-shop', undefined],
    ['shop_1', undefined],
    [`${'a'.repeat(64)}.com`, undefined],
    ['', undefined],
  ],
  'session-affinity': [
    ['source', { by: 'source' }],
    ['cookie:session', { by: 'cookie', name: 'session' }],
    ['header:x-user', { by: 'header', name: 'x-user' }],
    ['cookie', undefined],
    ['cookie:', undefined],
    ['header:x user', undefined],
    ['header::path', undefined],
    ['client', undefined],
  ],
  'tls-ca': [
    [own, { pem: own }],
    [`the old one\n${other}\nthe new one\n${own}`, { pem: `the old one\n${other}\nthe new one\n${own}` }],
    [own.replaceAll('\n', '\r\n'), { pem: own.replaceAll('\n', '\r\n') }],
    [own.slice(0, -10), undefined],
    [own.replace(/^.{64}$/mu, ''), undefined],
    [`${own}${other.replace('-----END', '')}`, undefined],
    [own.replaceAll('CERTIFICATE', 'PRIVATE KEY'), undefined],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', undefined],
    ['default/my-ca', undefined],
    ['', undefined],
  ],
};

describe('annotationTable', () => {
  for (const [name, cases] of Object.entries(texts) as [AnnotationName, (typeof texts)[AnnotationName]][]) {
    it(`reads ${name}`, () => {
      for (const [text, value] of cases ?? []) {
        const read = annotationTable[name](text);
        assert.deepEqual('value' in read ? read.value : undefined, value, text);
      }
    });
  }

  it('says in every case what is allowed, whatever the text', () => {
    const names = fc.constantFrom(...(Object.keys(annotationTable) as AnnotationName[]));
    fc.assert(
      fc.property(names, fc.string(), (name, text) => {
        const read = annotationTable[name](text);
        assert.ok('value' in read ? read.value !== undefined : read.allowed !== '');
      }),
    );
  });
});
