// From the bytes of a message to the bytes of its response.

import { encode, type Answer } from 'dns-packet';

import { headerBytes, readQuery, type Query } from './query.ts';
import { resolve, type Domain, type Names, type Outcome, type Rcode } from './zone.ts';

/** A response, ready to be sent. */
export interface Response {
  readonly bytes: Buffer;
  readonly rcode: Rcode;
}

const rcodes: Readonly<Record<Rcode, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
};

const flags = {
  response: 0x8000,
  authoritative: 0x0400,
  recursionDesired: 0x0100,
  dnssecOk: 0x8000,
} as const;

/** What we say we take by UDP, a size that no path of today fragments. */
const udpPayloadBytes = 1232;

/**
 * Answers a message; undefined where it must not be answered. A response is never longer than 512 bytes, so it fits
 * every client's datagram and is never truncated. Throws only where `names` does, or gives an address that is none.
 */
export function respond(
  message: Buffer,
  zone: { readonly domains: readonly Domain[]; readonly names: Names },
): Response | undefined {
  const read = readQuery(message);
  if (read.kind === 'none') return undefined;
  if (read.kind === 'error') return bareHeader(read);
  const { query } = read;
  const outcome: Outcome =
    query.edns !== undefined && query.edns.version !== 0
      ? { rcode: 'BADVERS', answers: [], authorities: [], isAuthoritative: false }
      : resolve(query, zone);
  return { bytes: encodeResponse(query, outcome), rcode: outcome.rcode };
}

/** The response of a server that failed: SERVFAIL, whatever was asked; undefined where even that must not be sent. */
export function respondFailure(message: Buffer): Response | undefined {
  const read = readQuery(message);
  if (read.kind !== 'query') return undefined;
  return bareHeader({ id: read.query.id, opcode: 0, rcode: 'SERVFAIL' });
}

function bareHeader(header: {
  readonly id: number;
  readonly opcode: number;
  readonly rcode: Rcode;
}): Response {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt16BE(header.id, 0);
  bytes.writeUInt16BE(flags.response | (header.opcode << 11) | rcodes[header.rcode], 2);
  return { bytes, rcode: header.rcode };
}

function encodeResponse(query: Query, outcome: Outcome): Buffer {
  const rcode = rcodes[outcome.rcode];
  const records = encode({
    type: 'response',
    id: query.id,
    flags:
      (outcome.isAuthoritative ? flags.authoritative : 0) |
      (query.isRecursionDesired ? flags.recursionDesired : 0) |
      (rcode & 0xf),
    answers: [...outcome.answers],
    authorities: [...outcome.authorities],
    additionals: query.edns === undefined ? [] : [opt(rcode >> 4, query.edns.isDnssecOk)],
  });
  // The question goes in as it came. The library compresses no names, so nothing points at what moves.
  records.writeUInt16BE(1, 4);
  return Buffer.concat([records.subarray(0, headerBytes), query.question, records.subarray(headerBytes)]);
}

function opt(extendedRcode: number, isDnssecOk: boolean): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: udpPayloadBytes,
    extendedRcode,
    ednsVersion: 0,
    // RFC 3225 section 3: the bit is sent back.
    flags: isDnssecOk ? flags.dnssecOk : 0,
    flag_do: isDnssecOk,
    options: [],
  };
}
