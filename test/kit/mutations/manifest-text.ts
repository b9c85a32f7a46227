// Manifests as people and programs write them, good and broken.

import { stringify } from 'yaml';

/** How a document is written: JSON on one line or on many (which is YAML too), or YAML as people write it. */
export type TextForm = 'line' | 'lines' | 'block';

/** Every form. */
export const textForms: readonly TextForm[] = ['line', 'lines', 'block'];

/**
 * How a document is broken.
 * - `invalid`: it can be told which object it is, and the object is refused.
 * - `garbled`: it can't even be told which object it is.
 */
export type Breakage = 'invalid' | 'garbled';

type Fields = Readonly<Record<string, unknown>>;

/** Writes an object as a document. */
export function manifestText(object: Fields, form: TextForm): string {
  if (form === 'line') return `${JSON.stringify(object)}\n`;
  return form === 'lines' ? `${JSON.stringify(object, undefined, 2)}\n` : stringify(object);
}

/** Writes an object as somebody who is in the middle of something might leave it. */
export function brokenText(object: Fields, breakage: Breakage): string {
  if (breakage === 'invalid') return `${JSON.stringify(invalid(object))}\n`;
  const text = JSON.stringify(object, undefined, 2);
  return `${text.slice(0, text.length >> 1)}\n`;
}

function invalid(object: Fields): Fields {
  switch (object['kind']) {
    case 'Service':
      return { ...object, spec: { ports: [{ name: 'web', port: 99_999 }] } };
    case 'EndpointSlice':
      return { ...object, endpoints: [{ addresses: 'none' }] };
    case 'Endpoints':
      return { ...object, subsets: [{ addresses: [{ ip: 12 }] }] };
    default:
      return { ...object, spec: { containers: [{ name: 'main', ports: [{ containerPort: 'eighty' }] }] } };
  }
}

/**
 * Offsets within a text at which a writer that writes piece by piece may be caught: in the middle of a JSON document,
 * so that what is there can't be taken for the whole.
 */
export function cutsOf(documents: readonly string[]): readonly number[] {
  const cuts: number[] = [];
  let start = 0;
  for (const text of documents) {
    if (text.startsWith('{')) cuts.push(start + (text.length >> 1));
    start += text.length + separator.length;
  }
  return cuts;
}

/** Stands between two documents of a file. */
export const separator = '---\n';
