// What a version of a file says, read piece by piece.

import type { ProblemCode } from '../../model/problem-codes.ts';
import type { Reading } from '../parse/reading.ts';

/** A piece of a file: a document, or an item of a List. */
export interface ContentPiece {
  /** Line on which it begins, 1-based. */
  readonly line: number;
  /** Equal for equal text. */
  readonly hash: string;
  readonly reading: Reading;
}

/** A version of a file. */
export interface Content {
  readonly pieces: readonly ContentPiece[];
  /** Nothing but white space. */
  readonly isEmpty: boolean;
  /** The text's last line has no end: it may be complete, or have been read while it was being written. */
  readonly endsMidLine: boolean;
}

/** What came of reading a file. */
export type FileResult =
  | ({ readonly status: 'read' } & Content)
  /** There is no such file. */
  | { readonly status: 'gone' }
  /** There is one, but it cannot be read; `reason` completes "the file …". */
  | { readonly status: 'failed'; readonly code: ProblemCode; readonly reason: string };

/** What a text looks like as a whole. */
export function shapeOf(text: string): Omit<Content, 'pieces'> {
  return { isEmpty: text.trim() === '', endsMidLine: !text.endsWith('\n') && !text.endsWith('\r') };
}

/** The result of a file whose bytes are no text. */
export const notText: FileResult = {
  status: 'failed',
  code: 'MAESH_FILE_ENCODING',
  reason: 'is not text in UTF-8',
};

/** Whether some of the content could not be told to be an object or none. */
export function isPartlyUnknown(content: Content): boolean {
  return content.pieces.some(({ reading }) => reading.isPartlyUnknown);
}

/** The readings of a content's pieces, by the hash of their text. */
export function readingsByHash(content: Content | undefined): ReadonlyMap<string, Reading> {
  return new Map(content?.pieces.map(({ hash, reading }) => [hash, reading]));
}
