// Any bytes may reach the DNS server: none may make it fail, answer with more than its question was worth, or answer an answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Answer } from 'dns-packet';
import fc from 'fast-check';

import { respond } from '../../src/serve/dns/respond.ts';
import { parseDomain, type Names } from '../../src/serve/dns/zone.ts';

const names: Names = {
  isReady: () => true,
  lookup: (namespace, service) => (namespace === 'store' && service === 'shop' ? '127.85.1.1' : undefined),
  hasNamespace: (namespace) => namespace === 'store',
};

/** What an answer may have beyond its question: an SOA record, which names its domain twice, and OPT. */
const maxMoreBytes = 230 + 11;

function assertModest(message: Buffer, domains: readonly string[]): void {
  const response = respond(message, { domains: domains.map(parseDomain), names });
  if (response === undefined) return;
  assert.ok(response.bytes.length <= 512, `${response.bytes.length} bytes`);
  assert.ok(response.bytes.length <= message.length + maxMoreBytes, 'amplifies');
  assert.equal(response.bytes.readUInt16BE(0), message.readUInt16BE(0));
  assert.equal(respond(response.bytes, { domains: [], names }), undefined, 'answers its own answer');
  decode(response.bytes);
}

test('no bytes make it fail, amplify, or answer an answer', () => {
  const longDomain = `${'x'.repeat(60)}.${'y'.repeat(24)}.mesh`;
  assert.equal(longDomain.length, 90);
  const domains = ['maesh', 'traefik.mesh', longDomain];
  const any = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  const label = fc
    .uint8Array({ minLength: 1, maxLength: 63 })
    .map((bytes) => Buffer.from([bytes.length, ...bytes]));
  const end = fc
    .constantFrom('maesh', 'traefik.mesh', longDomain, 'store.maesh', 'shop.store.maesh', 'x')
    .map((name) =>
      Buffer.concat(name.split('.').map((part) => Buffer.from([part.length, ...Buffer.from(part)]))),
    );
  const likely = fc
    .tuple(fc.array(label, { maxLength: 4 }), end, fc.constantFrom(0, 1, 2), fc.nat(0xffff), fc.nat(300), any)
    .map(([labels, domain, additionals, flags, type, more]) => {
      const header = Buffer.from([0, 7, flags >> 8, flags & 0xff, 0, 1, 0, 0, 0, 0, 0, additionals]);
      return Buffer.concat([header, ...labels, domain, Buffer.from([0, type >> 8, type & 0xff, 0, 1]), more]);
    });
  const withOpt = likely.map((message) =>
    Buffer.concat([message, Buffer.from([0, 0, 41, 2, 0, 0, 0, 0x80, 0, 0, 0])]),
  );
  fc.assert(
    fc.property(fc.oneof(any, likely, withOpt), (message) => assertModest(message, domains)),
    { numRuns: 5000 },
  );
});

test('flipped bytes of good queries do no harm either', () => {
  const opt: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4096,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const good = encode({
    type: 'query',
    id: 7,
    questions: [{ name: 'shop.store.maesh', type: 'A' }],
    additionals: [opt],
  });
  const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(flips, fc.nat(good.length), (changes, length) => {
      const message = Buffer.from(good);
      for (const [at, byte] of changes) message[at] = byte;
      assertModest(message, ['maesh']);
      assertModest(message.subarray(0, length), ['maesh']);
    }),
    { numRuns: 5000 },
  );
});
