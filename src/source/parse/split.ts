// A manifest's text → its documents, and a List's text → its items, each a piece that can be parsed on its own. So a
// piece that has not changed need not be parsed again, one broken piece doesn't take the others with it, and each has
// a line. Exact for every well-formed text, by two rules of YAML 1.2: a line that begins with a document marker
// stands in no scalar (9.1.2), and what belongs to an item of a block sequence is indented further than its dash (8.2.1).

import { contentStart, readDocument } from './document.ts';
import { itemTypeOf, type ItemType } from './reading.ts';

/** A part of a manifest that is parsed on its own: a document, or the item of a list. */
export interface Piece {
  readonly text: string;
  /** Line on which it begins, 1-based. */
  readonly line: number;
  /** Whether the text is an item, with its dash: a sequence of one. */
  readonly isItem: boolean;
  /** Type of an item that need not say it itself. */
  readonly itemType: ItemType | undefined;
}

/** Splits a manifest. Pieces that hold nothing but comments are among them; a text of white space has none. */
export function* splitManifest(text: string): Generator<Piece> {
  const lines = new LineCounter(text);
  for (const { start, end } of documents(text)) {
    const document = text.slice(start, end);
    if (document.trim() === '') continue;
    const list = splitList(document);
    if (list === undefined) {
      yield { text: document, line: lines.at(start), isItem: false, itemType: undefined };
      continue;
    }
    for (const { start: from, end: to } of list.items) {
      const line = lines.at(start + from);
      yield { text: document.slice(from, to), line, isItem: true, itemType: list.itemType };
    }
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function* documents(text: string): Generator<Range> {
  const marker = /(?:^|[\r\n])(---|\.\.\.)(?=[ \t\r\n]|$)/g;
  let start = 0;
  for (let found = marker.exec(text); found !== null; found = marker.exec(text)) {
    const at = found.index + found[0].length - 3;
    if (found[1] === '---' && isPreamble(text, { start, end: at })) continue;
    const end = found[1] === '---' ? at : at + 3;
    yield { start, end };
    start = end;
  }
  yield { start, end: text.length };
}

/** Whether a range holds nothing but comments and directives, which belong to the document whose `---` follows. */
function isPreamble(text: string, { start, end }: Range): boolean {
  const directive = /%[^\r\n]*/y;
  for (let at = contentStart(text, start); at < end; at = contentStart(text, directive.lastIndex)) {
    directive.lastIndex = at;
    if (!directive.test(text)) return false;
  }
  return true;
}

/** The items of a document that is a List in block style, as kubectl writes it; undefined for any other document. */
function splitList(
  text: string,
): { readonly items: readonly Range[]; readonly itemType: ItemType | undefined } | undefined {
  const opening = /(?:^|[\r\n])items:(?=[ \t\r\n])/g;
  if (!opening.test(text) || hasAnchor(text)) return undefined;
  const dash = contentStart(text, opening.lastIndex);
  const indent = /^ *(?=-[ \t\r\n])/.exec(text.slice(lineStart(text, dash), dash + 2))?.[0];
  if (indent === undefined) return undefined;
  const first = dash - indent.length;
  const { starts, end } = itemStarts(text, first, indent);
  const envelope = readDocument(`${text.slice(0, first)}\n${text.slice(end)}`);
  if (!('value' in envelope) || typeof envelope.value !== 'object' || envelope.value === null)
    return undefined;
  const { kind, apiVersion, items } = envelope.value as Readonly<Record<string, unknown>>;
  if (typeof kind !== 'string' || !kind.endsWith('List') || items !== null) return undefined;
  return {
    items: starts.map((start, index) => ({ start, end: starts[index + 1] ?? end })),
    itemType: itemTypeOf(apiVersion, kind),
  };
}

function lineStart(text: string, offset: number): number {
  return Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
}

/** Where items begin, from the first on, and where the sequence ends: at the next field of the list, or with the text. */
function itemStarts(
  text: string,
  first: number,
  indent: string,
): { readonly starts: readonly number[]; readonly end: number } {
  const next = new RegExp(`[\\r\\n](?:(${indent}-)(?=[ \\t\\r\\n])|(?=[^ \\t\\r\\n#]))`, 'g');
  next.lastIndex = first;
  const starts = [first];
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    if (found[1] === undefined) return { starts, end: found.index + 1 };
    starts.push(found.index + 1);
  }
  return { starts, end: text.length };
}

/** Whether the text may define an anchor, which aliases in other items could name: such a list is not taken apart. */
function hasAnchor(text: string): boolean {
  return text.includes('&') && /(?:^|[\s[{,:?-])&[^\s,[\]{}]/.test(text);
}

/** Tells lines of growing offsets, reading the text once. */
class LineCounter {
  readonly #text: string;
  readonly #breaks = /\r\n?|\n/g;
  #line = 1;
  #next: number;

  constructor(text: string) {
    this.#text = text;
    this.#next = this.#nextLine();
  }

  /** Line of an offset, 1-based. Offsets must not fall from one call to the next. */
  at(offset: number): number {
    while (this.#next <= offset) {
      this.#line += 1;
      this.#next = this.#nextLine();
    }
    return this.#line;
  }

  #nextLine(): number {
    return this.#breaks.exec(this.#text) === null ? Number.POSITIVE_INFINITY : this.#breaks.lastIndex;
  }
}
