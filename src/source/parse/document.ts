// One document's text → its value. YAML as kubectl reads it (1.2 with the booleans and merge keys of 1.1), or JSON.

import { boolYaml11Tag, CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';

/** The value of a document (null where it holds nothing but comments), or why it has none. */
export type Document =
  | { readonly value: unknown }
  | {
      readonly reason: string;
      /** Where in the text, 1-based; 1 where it is the whole. */
      readonly line: number;
    };

const schema = CORE_SCHEMA.withTags(mergeTag, boolYaml11Tag);

/** Bounds on what a document may ask for. Manifests stay far below each. */
const maxDepth = 100;
const maxAliases = 1_000;
const maxNodes = 1_000_000;

/** Reads a document. Never throws. A key that stands twice makes it broken: which of the two is meant is unknown. */
export function readDocument(text: string): Document {
  // A JSON text is YAML too, but JSON's own parser is ten times faster, and takes tabs.
  if (/^\s*\{/.test(text)) {
    try {
      return { value: JSON.parse(text) };
    } catch {
      // A flow mapping of YAML, or broken: the YAML parser says which.
    }
  }
  try {
    const value = isBlank(text) ? null : load(text, { schema, maxDepth, maxAliases });
    if (text.includes('*') && expandedSize(value, new Map()) > maxNodes) {
      return { reason: `its aliases stand for more than ${maxNodes} values`, line: 1 };
    }
    return { value };
  } catch (error) {
    return broken(error, text);
  }
}

/** Offset of the first character at or after `from` that is neither white space nor in a comment; else the length. */
export function contentStart(text: string, from: number): number {
  const visible = /\S/g;
  const lineEnd = /[\r\n]/g;
  for (let at = from; ;) {
    visible.lastIndex = at;
    const found = visible.exec(text);
    if (found === null) return text.length;
    if (found[0] !== '#') return found.index;
    lineEnd.lastIndex = found.index;
    const end = lineEnd.exec(text);
    if (end === null) return text.length;
    at = end.index;
  }
}

/** Whether a text holds nothing: only white space, comments and a document marker. */
function isBlank(text: string): boolean {
  const start = contentStart(text, 0);
  const marker = /(?:---|\.\.\.)(?=\s|$)/y;
  marker.lastIndex = start;
  return contentStart(text, marker.test(text) ? start + 3 : start) === text.length;
}

function broken(error: unknown, text: string): Document {
  if (error instanceof YAMLException) {
    // What is missing at the end is said to be missing behind the last line, where there is nothing to see.
    const lines = text.trimEnd().split(/\r\n?|\n/).length;
    return { reason: error.reason, line: Math.min((error.mark?.line ?? 0) + 1, lines) };
  }
  return { reason: error instanceof Error ? error.message : String(error), line: 1 };
}

/** Number of values that a walk over a value would meet; infinite for one that holds itself. */
function expandedSize(value: unknown, sizes: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return 1;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  // What is found again below itself is met without end.
  sizes.set(value, Number.POSITIVE_INFINITY);
  let size = 1;
  for (const part of Object.values(value)) size += expandedSize(part, sizes);
  sizes.set(value, size);
  return size;
}
