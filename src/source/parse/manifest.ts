// A manifest's text → what each of its pieces says, parsing only those that are not known yet.

import { hash } from 'node:crypto';
import { problem } from './document-problem.ts';
import { readDocument } from './document.ts';
import { listItems, readValue, type ItemType, type Reading } from './reading.ts';
import { splitManifest, type Piece } from './split.ts';

/** A piece of a manifest that has been read: a document, or an item of a list. */
export interface ManifestPiece {
  /** Line on which it begins, 1-based; that of the list's document where an item's own is not known. */
  readonly line: number;
  /** Equal for equal text: what it says is then equal too. */
  readonly hash: string;
  /** Undefined where the caller said that it knows a piece of this hash. */
  readonly reading: Reading | undefined;
}

/** Reads a manifest piece by piece, in the order of the text. Never throws. */
export function* readManifest(text: string, isKnown: (hash: string) => boolean): Generator<ManifestPiece> {
  for (const piece of splitManifest(text)) {
    const pieceHash = hashOf(piece.text, piece);
    if (isKnown(pieceHash)) yield { line: piece.line, hash: pieceHash, reading: undefined };
    else yield* readPiece(piece, { hash: pieceHash, isKnown });
  }
}

function* readPiece(
  piece: Piece,
  context: { readonly hash: string; readonly isKnown: (hash: string) => boolean },
): Generator<ManifestPiece> {
  const { line } = piece;
  const document = readDocument(piece.text);
  if ('reason' in document) {
    yield { line, hash: context.hash, reading: brokenReading(document) };
    return;
  }
  const value: unknown = piece.isItem && Array.isArray(document.value) ? document.value[0] : document.value;
  const list = listItems(value);
  if (list === undefined) {
    yield { line, hash: context.hash, reading: readValue(value, piece.itemType) };
    return;
  }
  // A list that the text could not be split by, such as JSON: each item is a piece all the same.
  for (const item of new Set(list.items)) {
    const text = textOf(item);
    if (text === undefined) {
      const reason = 'an item of the list is nested too deeply';
      yield { line, hash: context.hash, reading: brokenReading({ reason, line: 1 }) };
      return;
    }
    const itemHash = hashOf(text, { isItem: true, itemType: list.itemType });
    const reading = context.isKnown(itemHash) ? undefined : readValue(item, list.itemType);
    yield { line, hash: itemHash, reading };
  }
}

/** The JSON of a value; undefined where it is nested more deeply than can be written. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function hashOf(
  text: string,
  { isItem, itemType }: { readonly isItem: boolean; readonly itemType: ItemType | undefined },
): string {
  const type = itemType === undefined ? String(isItem) : `${itemType.apiVersion} ${itemType.kind}`;
  return hash('sha256', `${type}\n${text}`, 'base64');
}

function brokenReading({ reason, line }: { readonly reason: string; readonly line: number }): Reading {
  return {
    objects: [],
    unreadable: [],
    isPartlyUnknown: true,
    problems: [problem.broken(reason, line)],
    ignoredKinds: [],
  };
}
