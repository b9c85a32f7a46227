// Certificates as users write them (PEM, RFC 7468), looked at as far as it takes to see that something is whole.

const block = /-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END CERTIFICATE-----/gu;

/** Whether a text holds certificates, each of them whole, and nothing else but notes between them. */
export function areCertificates(text: string): boolean {
  const blocks = [...text.matchAll(block)];
  const markers = text.match(/-----(?:BEGIN|END) /gu)?.length ?? 0;
  return blocks.length > 0 && markers === 2 * blocks.length && blocks.every(([, body = '']) => isWhole(body));
}

/** Whether base64 holds a DER sequence (X.690, 8.1.3) that is as long as it says. */
function isWhole(base64: string): boolean {
  let bytes: string;
  try {
    bytes = atob(base64.replaceAll(/\s/gu, ''));
  } catch {
    return false;
  }
  const at = (index: number): number => bytes.charCodeAt(index);
  if (at(0) !== 0x30) return false;
  const first = at(1);
  if (first < 0x80) return bytes.length === 2 + first;
  const count = first & 0x7f;
  if (count < 1 || count > 4) return false;
  let length = 0;
  for (let index = 0; index < count; index++) length = length * 256 + at(2 + index);
  return bytes.length === 2 + count + length;
}
