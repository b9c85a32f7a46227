// Reads a DNS query. Trusts nothing: what the header claims is checked before anything is decoded, because a packet
// of 12 bytes that claims 65,535 questions would otherwise cost a millisecond. Sources: RFC 1035 section 4, RFC 6891
// (EDNS), RFC 9619 (one question).

import { decode, type Answer, type OptAnswer } from 'dns-packet';

/** Bytes of the longest message that is looked at. Queries for our names need less than 400. */
export const maxMessageBytes = 4096;

/** Bytes of a DNS header. */
export const headerBytes = 12;

const maxNameBytes = 255;
const maxLabelBytes = 63;
/** EDNS and a signature: nothing else has a place in a query. */
const maxAdditionals = 2;

/** A question that can be answered. */
export interface Query {
  readonly id: number;
  readonly isRecursionDesired: boolean;
  /** The question section as it came, to be sent back byte for byte. */
  readonly question: Uint8Array;
  /** Labels of the name as they came, one character a byte, the leftmost first; none for the root. */
  readonly labels: readonly string[];
  /** QTYPE, as a number. */
  readonly type: number;
  /** QCLASS, as a number. */
  readonly class: number;
  /** What the client says by EDNS; undefined where it doesn't speak it. */
  readonly edns: Edns | undefined;
}

export interface Edns {
  readonly version: number;
  readonly isDnssecOk: boolean;
}

/**
 * What became of a message:
 * - `query`: to be answered.
 * - `error`: to be answered by a bare header with this code.
 * - `none`: to be left alone. It is a response, which must never be answered (two servers would go on forever), or too
 *   short to have an id.
 */
export type ReadResult =
  | { readonly kind: 'query'; readonly query: Query }
  | {
      readonly kind: 'error';
      readonly rcode: 'FORMERR' | 'NOTIMP';
      readonly id: number;
      readonly opcode: number;
    }
  | { readonly kind: 'none' };

/** Reads one message, as it came in a datagram or behind a length on a stream. Never throws. */
export function readQuery(message: Buffer): ReadResult {
  if (message.length < headerBytes) return { kind: 'none' };
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { kind: 'none' };
  const opcode = (flags >> 11) & 0xf;
  if (opcode !== 0) return { kind: 'error', rcode: 'NOTIMP', id, opcode };
  const malformed: ReadResult = { kind: 'error', rcode: 'FORMERR', id, opcode };
  if (!areCountsSensible(message)) return malformed;
  const question = readQuestion(message);
  const edns = question === undefined ? 'malformed' : readEdns(message);
  if (question === undefined || edns === 'malformed') return malformed;
  return { kind: 'query', query: { id, isRecursionDesired: (flags & 0x0100) !== 0, ...question, edns } };
}

function areCountsSensible(message: Buffer): boolean {
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  return (
    message.length <= maxMessageBytes &&
    questions === 1 &&
    answers === 0 &&
    authorities === 0 &&
    (additionals ?? 0) <= maxAdditionals
  );
}

/**
 * Reads the question by hand, because it is sent back as it came: the library joins labels by dots and reads them as
 * UTF-8, which not every name survives. A compression pointer is refused: before the question there is only the header.
 */
function readQuestion(message: Buffer): Pick<Query, 'question' | 'labels' | 'type' | 'class'> | undefined {
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > maxLabelBytes) return undefined;
    at++;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at - headerBytes > maxNameBytes || at + 4 > message.length) return undefined;
  return {
    question: message.subarray(headerBytes, at + 4),
    labels,
    type: message.readUInt16BE(at),
    class: message.readUInt16BE(at + 2),
  };
}

function readEdns(message: Buffer): Edns | undefined | 'malformed' {
  if (message.readUInt16BE(10) === 0) return undefined;
  let additionals: readonly Answer[];
  try {
    additionals = decode(message).additionals ?? [];
  } catch {
    return 'malformed';
  }
  const [opt, ...more] = additionals.filter((record): record is OptAnswer => record.type === 'OPT');
  if (opt === undefined) return undefined;
  // RFC 6891 section 6.1.1: one at most, and owned by the root.
  if (more.length > 0 || opt.name !== '.') return 'malformed';
  return { version: opt.ednsVersion, isDnssecOk: (opt.flags & 0x8000) !== 0 };
}
