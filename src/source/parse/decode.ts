// A file's bytes → text. Manifests are UTF-8; PowerShell's redirection writes UTF-16 with a byte order mark.

import { TextDecoder } from 'node:util';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const utf16le = new TextDecoder('utf-16le', { fatal: true });
const utf16be = new TextDecoder('utf-16be', { fatal: true });

/** Decodes text, without its byte order mark; undefined where the bytes are no text in UTF-8 (or marked UTF-16). */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoderOf(bytes).decode(bytes);
  } catch {
    return undefined;
  }
}

function decoderOf(bytes: Uint8Array): TextDecoder {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return utf16le;
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return utf16be;
  return utf8;
}
