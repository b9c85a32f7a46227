// HTTP/2 as bytes: a request whose path has any, which libraries write as text.

import { connect } from 'node:net';

import { exchange } from './clients/client-error.ts';
import type { Dial } from './clients/http.ts';

/** Types of frames (RFC 9113, section 6). */
const data = 0;
const headers = 1;
const settings = 4;

const endStream = 0x1;
const endHeaders = 0x4;
const headLength = 9;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** GETs a path on a connection of its own, and resolves with the body of the answer. */
export function getByHttp2(to: Dial & { readonly from: string }, path: Buffer): Promise<string> {
  const socket = connect({ host: to.address, port: to.port, localAddress: to.from });
  const answer = exchange<string>(undefined, (resolve, reject) => {
    let received = Buffer.alloc(0);
    let body = '';
    socket.on('connect', () => socket.write(requestFor(path)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let frame = firstFrame(received); frame !== undefined; frame = firstFrame(received)) {
        received = received.subarray(headLength + frame.payload.length);
        if (frame.type === data) body += frame.payload.toString();
        if (frame.stream === 1 && (frame.flags & endStream) !== 0) resolve(body);
      }
    });
    socket.on('end', () => reject(new Error('The connection ended without an answer')));
    socket.on('error', reject);
    return () => {};
  });
  return answer.finally(() => socket.destroy());
}

/** The start of a connection with one request on it; its headers are as RFC 7541, section 6, has them without any compression. */
function requestFor(path: Buffer): Buffer {
  const authority = Buffer.from('any');
  const block = Buffer.concat([
    // `:method: GET` and `:scheme: http`, then `:path` and `:authority` by their names' places in the static table.
    Buffer.from([0x82, 0x86, 0x04, path.length]),
    path,
    Buffer.from([0x01, authority.length]),
    authority,
  ]);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frameOf({ type: settings, flags: 0, stream: 0, payload: Buffer.alloc(0) }),
    frameOf({ type: headers, flags: endStream | endHeaders, stream: 1, payload: block }),
  ]);
}

function frameOf({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(headLength);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < headLength) return undefined;
  const end = headLength + bytes.readUIntBE(0, 3);
  if (bytes.length < end) return undefined;
  const payload = bytes.subarray(headLength, end);
  return { type: bytes.readUInt8(3), flags: bytes.readUInt8(4), stream: bytes.readUInt32BE(5), payload };
}
