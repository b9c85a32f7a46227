// The lines between which everything lies that the mesh writes into a Corefile: those of Maesh 1.3 and Traefik Mesh 1.4,
// whose blocks ours replaces.

import { shadowSeparator } from './mesh-block.ts';
import { readFirstBlock } from './server-blocks.ts';

const begin = '#### Begin Maesh Block';
const end = '#### End Maesh Block';

/** Each first line with the last one that belongs to it. */
const marks: ReadonlyMap<string, string> = new Map([
  [begin, end],
  ['#### Begin Traefik Mesh Block', '#### End Traefik Mesh Block'],
]);

/** What tells our block from the original's, and people what it is. */
const notice = '# Maesh keeps this block as it is here and takes it away when it is uninstalled.';

/** Puts lines between marks. */
export function marked(lines: string): string {
  return `${begin}\n${notice}\n${lines}${end}\n`;
}

/** Whether a text has marks, ours or the original's. */
export function hasMarks(text: string): boolean {
  return text.split('\n').some((line) => marks.has(line.trim()) || isRest(line));
}

/**
 * Puts a block of {@link marked} behind everything else. A text that doesn't end with a line break gets one, and then the
 * block has none at its end, which is how {@link withoutMarked} knows.
 */
export function appendMarked(text: string, block: string): string {
  if (text === '' || text.endsWith('\n')) return text + block;
  return `${text}\n${block.slice(0, -1)}`;
}

/** A text without what lies between marks, byte for byte what it was. */
export function withoutMarked(text: string): string {
  return divided(text).kept.join('\n');
}

/** What lies between marks, with these. */
export function onlyMarked(text: string): string {
  return divided(text).taken.join('\n');
}

/** The lines of a text: those of somebody else, and those of a mesh. */
function divided(text: string): { readonly kept: readonly string[]; readonly taken: readonly string[] } {
  const lines = text.split('\n');
  const kept: string[] = [];
  const taken: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const last = marks.get(line.trim());
    if (last === undefined) {
      if (!isRest(line)) kept.push(line);
      continue;
    }
    const isOriginal = lines[at + 1]?.trim() !== notice;
    // The original put an empty line before its block.
    if (isOriginal && kept.at(-1) === '') kept.pop();
    const first = at;
    at = lastLine(lines, first, last);
    taken.push(...lines.slice(first, at + 1));
  }
  return { kept, taken };
}

/** Whether a line is ours although its block is gone. */
function isRest(line: string): boolean {
  return [...marks.values(), notice].includes(line.trim());
}

/**
 * The index of a block's last line. Without an end mark before the next beginning it is that of the server blocks which
 * follow and make up names of shadow Services, so that nothing of somebody else's is taken away.
 */
function lastLine(lines: readonly string[], first: number, last: string): number {
  for (let at = first + 1; at < lines.length; at++) {
    const line = lines[at]?.trim() ?? '';
    if (line === last) return at;
    if (marks.has(line)) break;
  }
  let at = first;
  let length: number;
  do {
    length = meshBlockLength(lines.slice(at + 1).join('\n'));
    at += length;
  } while (length > 0);
  return at;
}

/** How many lines the mesh's server block at the beginning of a text has; 0 where there is none. */
function meshBlockLength(text: string): number {
  const block = readFirstBlock(text);
  const lines = block === undefined || block.isOpen ? '' : text.slice(0, block.end);
  return lines.includes(shadowSeparator) ? lines.split('\n').length : 0;
}
