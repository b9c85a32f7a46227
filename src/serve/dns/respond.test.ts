import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type DecodedPacket, type Packet } from 'dns-packet';

import { maxMessageBytes } from './query.ts';
import { respond, respondFailure } from './respond.ts';
import { parseDomain, ttlSeconds, type Names } from './zone.ts';

const names: Names = {
  isReady: () => true,
  lookup: (namespace, service) => (namespace === 'store' && service === 'shop' ? '127.85.1.1' : undefined),
  hasNamespace: (namespace) => namespace === 'store',
};

const zone = { domains: ['maesh', 'traefik.mesh'].map(parseDomain), names };

/** The decoded response, in a shape that is easy to compare. */
function ask(query: Packet | Buffer, where: typeof zone = zone): Record<string, unknown> | undefined {
  const message = Buffer.isBuffer(query) ? query : encode({ type: 'query', id: 7, ...query });
  const response = respond(message, where);
  if (response === undefined) return undefined;
  const packet = decode(response.bytes) as DecodedPacket & { readonly opcode: string };
  return {
    rcode: response.rcode,
    wire: response.bytes.readUInt16BE(2) & 0xf,
    aa: packet.flag_aa,
    answers: (packet.answers ?? []).map((record) =>
      'data' in record ? `${record.name} ${record.type} ${JSON.stringify(record.data)}` : record.type,
    ),
    soa: (packet.authorities ?? []).map((record) => `${record.name} ${record.type}`),
  };
}

function question(name: string, type: string, more: Packet = {}): Packet {
  return { questions: [{ name, type: type as 'A', class: 'IN' }], ...more };
}

/** The message of a question with any type and class, as numbers. */
function numbered(name: string, type: number, klass: number): Buffer {
  const message = encode({ type: 'query', id: 7, ...question(name, 'A') });
  message.writeUInt16BE(type, message.length - 4);
  message.writeUInt16BE(klass, message.length - 2);
  return message;
}

const shopAddress = {
  rcode: 'NOERROR',
  wire: 0,
  aa: true,
  answers: ['shop.store.maesh A "127.85.1.1"'],
  soa: [],
};
const noData = (domain: string): unknown => ({
  rcode: 'NOERROR',
  wire: 0,
  aa: true,
  answers: [],
  soa: [`${domain} SOA`],
});
const noName = (domain: string): unknown => ({
  rcode: 'NXDOMAIN',
  wire: 3,
  aa: true,
  answers: [],
  soa: [`${domain} SOA`],
});
const bare = (rcode: string, wire: number): unknown => ({ rcode, wire, aa: false, answers: [], soa: [] });

test('a service has an A record in each domain', () => {
  assert.deepEqual(ask(question('shop.store.maesh', 'A')), shopAddress);
  assert.deepEqual(ask(question('shop.store.traefik.mesh', 'A')), {
    ...shopAddress,
    answers: ['shop.store.traefik.mesh A "127.85.1.1"'],
  });
});

test('names are compared without case, and the answer keeps the case of the question', () => {
  const message = encode({ type: 'query', id: 7, ...question('ShOp.sTORE.Maesh', 'A') });
  const response = respond(message, zone);
  assert.ok(response?.bytes.includes(message.subarray(12)));
  assert.deepEqual(ask(message), { ...shopAddress, answers: ['ShOp.sTORE.Maesh A "127.85.1.1"'] });
});

test('an existing name without a record of the type is NODATA with the SOA', () => {
  for (const type of ['AAAA', 'MX', 'TXT', 'SRV', 'NS', 'SOA', 'CNAME']) {
    assert.deepEqual(ask(question('shop.store.maesh', type)), noData('maesh'), type);
  }
  const https = 65;
  assert.deepEqual(ask(numbered('shop.store.traefik.mesh', https, 1)), noData('traefik.mesh'));
});

test('the name of a namespace with services exists without records (RFC 8020)', () => {
  for (const type of ['A', 'AAAA', 'NS'])
    assert.deepEqual(ask(question('store.maesh', type)), noData('maesh'), type);
  assert.deepEqual(ask(question('other.maesh', 'A')), noName('maesh'));
});

test('unknown names, and names below services, are NXDOMAIN with the SOA', () => {
  for (const name of [
    'gone.store.maesh',
    'shop.other.maesh',
    'x.shop.store.maesh',
    '_http._tcp.shop.store.maesh',
    '_x.store.maesh',
  ]) {
    assert.deepEqual(ask(question(name, 'A')), noName('maesh'), name);
  }
});

test('a name of which no object can be made is not looked up', () => {
  const asked: string[] = [];
  const spying: Names = {
    isReady: () => true,
    lookup: (...parts) => void asked.push(...parts),
    hasNamespace: (namespace) => asked.push(namespace) < 0,
  };
  for (const name of ['shop/store.x.maesh', 'a b.store.maesh', '-.store.maesh', 'é.store.maesh', '*.maesh']) {
    assert.deepEqual(
      ask(question(name, 'A'), { domains: zone.domains, names: spying }),
      noName('maesh'),
      name,
    );
  }
  assert.deepEqual(asked, []);
});

test('the domain itself has an SOA and an NS record and no address', () => {
  assert.deepEqual(ask(question('maesh', 'A')), noData('maesh'));
  assert.deepEqual(ask(question('maesh', 'NS')), { ...shopAddress, answers: ['maesh NS "maesh"'] });
  const soa = ask(question('MAESH', 'SOA'));
  assert.match(
    String(soa?.['answers']),
    /^maesh SOA \{"mname":"maesh","rname":"nobody.invalid",.*"minimum":5\}$/,
  );
  assert.deepEqual(soa?.['soa'], []);
});

test('ANY is answered by one record (RFC 8482)', () => {
  assert.deepEqual(ask(question('shop.store.maesh', 'ANY')), shopAddress);
  assert.match(String(ask(question('maesh', 'ANY'))?.['answers']), /^maesh SOA [^\n]*$/);
  assert.deepEqual(ask(question('store.maesh', 'ANY')), noData('maesh'));
});

test('answers and negative answers may be kept for five seconds', () => {
  const response = (name: string): DecodedPacket =>
    decode(respond(encode({ type: 'query', ...question(name, 'A') }), zone)?.bytes ?? Buffer.alloc(0));
  const ttl = (record: unknown): unknown => (record as { ttl: number }).ttl;
  assert.equal(ttl(response('shop.store.maesh').answers?.[0]), ttlSeconds);
  assert.equal(ttl(response('gone.store.maesh').authorities?.[0]), ttlSeconds);
});

test('names of others are REFUSED, also the root and the parent of a domain', () => {
  for (const name of ['example.com', '.', 'mesh', 'xmaesh', 'maesh.example', 'raefik.mesh']) {
    assert.deepEqual(ask(question(name, 'A')), bare('REFUSED', 5), name);
  }
});

test('classes other than IN are REFUSED', () => {
  for (const klass of [0, 3, 4, 254, 255, 0x8001]) {
    assert.deepEqual(ask(numbered('shop.store.maesh', 1, klass)), bare('REFUSED', 5), String(klass));
  }
});

test('types that ask for no records get the code that the standards give them', () => {
  const rcodes = {
    41: ['FORMERR', 1],
    249: ['FORMERR', 1],
    250: ['FORMERR', 1],
    251: ['REFUSED', 5],
    252: ['REFUSED', 5],
    253: ['NOTIMP', 4],
    254: ['NOTIMP', 4],
  } as const;
  for (const [type, [rcode, wire]] of Object.entries(rcodes)) {
    assert.deepEqual(ask(numbered('maesh', Number(type), 1)), bare(rcode, wire), type);
  }
});

test('until the mesh is known its names are SERVFAIL, and those of others REFUSED', () => {
  const waiting = { domains: zone.domains, names: { ...names, isReady: () => false } };
  for (const name of ['shop.store.maesh', 'gone.store.maesh', 'maesh']) {
    assert.deepEqual(ask(question(name, 'A'), waiting), bare('SERVFAIL', 2), name);
  }
  assert.deepEqual(ask(question('example.com', 'A'), waiting), bare('REFUSED', 5));
});

test('the id and the wish for recursion come back, recursion is not offered', () => {
  const flagsOf = (flags: number): number =>
    respond(
      encode({ type: 'query', id: 0xbeef, flags, ...question('shop.store.maesh', 'A') }),
      zone,
    )?.bytes.readUInt32BE(0) ?? 0;
  assert.equal(flagsOf(0x0100).toString(16), 'beef8500');
  assert.equal(flagsOf(0).toString(16), 'beef8400');
});

test('unknown opcodes are NOTIMP, with the opcode kept', () => {
  for (const opcode of [1, 2, 4, 5, 6, 15]) {
    const message = encode({
      type: 'query',
      id: 9,
      flags: opcode << 11,
      ...question('shop.store.maesh', 'A'),
    });
    const response = respond(message, zone);
    assert.equal(response?.rcode, 'NOTIMP');
    assert.equal(response?.bytes.length, 12);
    assert.equal(response?.bytes.readUInt16BE(2), 0x8000 | (opcode << 11) | 4);
  }
});

test('responses and fragments of headers are never answered', () => {
  assert.equal(
    respond(encode({ type: 'response', id: 1, ...question('shop.store.maesh', 'A') }), zone),
    undefined,
  );
  for (let length = 0; length < 12; length++) assert.equal(respond(Buffer.alloc(length), zone), undefined);
  assert.equal(respondFailure(Buffer.alloc(3)), undefined);
});

test('what is malformed is FORMERR in twelve bytes', () => {
  const good = encode({ type: 'query', id: 3, ...question('shop.store.maesh', 'A') });
  const changed = (change: (message: Buffer) => Buffer | void): Buffer => {
    const copy = Buffer.from(good);
    return change(copy) ?? copy;
  };
  const optTwice = encode({ type: 'query', ...question('maesh', 'A'), additionals: [opt({}), opt({})] });
  const optNotRoot = Buffer.concat([
    changed((message) => void message.writeUInt16BE(1, 10)),
    Buffer.from([1, 0x61, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]),
  ]);
  const malformed: Record<string, Buffer> = {
    'no question': changed((message) => void message.writeUInt16BE(0, 4)),
    'two questions': changed((message) => void message.writeUInt16BE(2, 4)),
    '65,535 questions': changed((message) => void message.writeUInt16BE(0xffff, 4)),
    'an answer': changed((message) => void message.writeUInt16BE(1, 6)),
    'an authority': changed((message) => void message.writeUInt16BE(1, 8)),
    'three additionals': changed((message) => void message.writeUInt16BE(3, 10)),
    'an additional that is not there': changed((message) => void message.writeUInt16BE(1, 10)),
    'a name without end': good.subarray(0, 20),
    'a question without type': good.subarray(0, good.length - 3),
    'a header alone': good.subarray(0, 12),
    'a compressed name': changed((message) => void message.writeUInt16BE(0xc004, 12)),
    'a label of 64 bytes': changed((message) => void message.writeUInt8(64, 12)),
    'a name of 256 bytes': Buffer.concat([
      good.subarray(0, 12),
      Buffer.alloc(252, Buffer.from([1, 0x61])),
      Buffer.from([2, 0x61, 0x61, 0, 0, 1, 0, 1]),
    ]),
    'more than 4,096 bytes': changed((message) => Buffer.concat([message, Buffer.alloc(maxMessageBytes)])),
    'two OPT records': optTwice,
    'an OPT record that the root does not own': optNotRoot,
  };
  for (const [what, message] of Object.entries(malformed)) {
    const response = respond(message, zone);
    assert.equal(response?.rcode, 'FORMERR', what);
    assert.equal(response?.bytes.length, 12, what);
    assert.equal(response?.bytes.readUInt16BE(0), message.readUInt16BE(0), what);
  }
});

test('a name of 255 bytes is answered', () => {
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(55)}.maesh`;
  assert.equal(longest.length, 253);
  assert.deepEqual(ask(question(longest, 'A')), noName('maesh'));
});

test('the longest answer there can be has 512 bytes', () => {
  const domain = `${'x'.repeat(60)}.${'y'.repeat(24)}.mesh`;
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(34)}.${domain}`;
  assert.equal(longest.length, 253);
  const message = encode({ type: 'query', ...question(longest, 'A', { additionals: [opt({})] }) });
  const response = respond(message, { domains: [parseDomain(domain)], names });
  assert.equal(response?.rcode, 'NXDOMAIN');
  assert.equal(response?.bytes.length, 512);
});

interface Opt {
  readonly version?: number;
  readonly flags?: number;
  readonly options?: [];
}

function opt({ version = 0, flags = 0, options = [] }: Opt): NonNullable<Packet['additionals']>[number] {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4096,
    extendedRcode: 0,
    ednsVersion: version,
    flags,
    flag_do: false,
    options,
  };
}

function optOf(additionals: NonNullable<Packet['additionals']>, name = 'shop.store.maesh'): unknown {
  const response = respond(encode({ type: 'query', ...question(name, 'A', { additionals }) }), zone);
  const found = decode(response?.bytes ?? Buffer.alloc(0)).additionals?.[0];
  if (found === undefined) return undefined;
  assert.equal(found.type, 'OPT');
  const { udpPayloadSize, extendedRcode, ednsVersion, flags, options } = found as unknown as Record<
    string,
    unknown
  >;
  return { rcode: response?.rcode, udpPayloadSize, extendedRcode, ednsVersion, flags, options };
}

test('EDNS is answered with EDNS, and only then', () => {
  const plain = {
    rcode: 'NOERROR',
    udpPayloadSize: 1232,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    options: [],
  };
  assert.equal(optOf([]), undefined);
  assert.equal(optOf([{ type: 'A', name: 'x', data: '127.0.0.1' }]), undefined);
  assert.deepEqual(optOf([opt({})]), plain);
  assert.deepEqual(optOf([{ type: 'A', name: 'x', data: '127.0.0.1' }, opt({})]), plain);
  assert.deepEqual(optOf([opt({ flags: 0x8000 })]), { ...plain, flags: 0x8000 });
  assert.deepEqual(optOf([opt({})], 'example.com'), { ...plain, rcode: 'REFUSED' });
});

test('a version of EDNS other than 0 is BADVERS', () => {
  const response = respond(
    encode({ type: 'query', ...question('shop.store.maesh', 'A', { additionals: [opt({ version: 1 })] }) }),
    zone,
  );
  assert.equal(response?.rcode, 'BADVERS');
  assert.equal((response?.bytes.readUInt16BE(2) ?? 0) & 0xf, 0);
  assert.deepEqual(optOf([opt({ version: 1 })]), {
    rcode: 'BADVERS',
    udpPayloadSize: 1232,
    extendedRcode: 1,
    ednsVersion: 0,
    flags: 0,
    options: [],
  });
});

test('a failure of the server is SERVFAIL', () => {
  const response = respondFailure(encode({ type: 'query', id: 5, ...question('shop.store.maesh', 'A') }));
  assert.equal(response?.rcode, 'SERVFAIL');
  assert.equal(response?.bytes.readUInt32BE(0).toString(16), '58002');
});

test('parseDomain() takes host names, and refuses what is none or too long', () => {
  assert.deepEqual(parseDomain('Traefik.Mesh.'), { name: 'traefik.mesh', labels: ['traefik', 'mesh'] });
  for (const text of ['', '.', 'a..b', '-a', 'a b', 'a_b', `a.${'b'.repeat(63)}.${'c'.repeat(25)}`]) {
    assert.throws(() => parseDomain(text), RangeError, text);
  }
});
