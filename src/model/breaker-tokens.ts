// The words of a circuit breaker's expression, with the places where they stand.

/** A word; of kind `end` behind the last one, and `strange` where there is none to be made out. */
export interface Token {
  readonly kind: 'name' | 'number' | 'sign' | 'strange' | 'end';
  readonly text: string;
  /** Place of its first character in the text, from 0. */
  readonly at: number;
}

/** Numbers as Go writes decimal ones: `5`, `0.5`, `.5`, `5.`, `1e-3`. */
const word =
  /\s*(?:(?<name>[A-Za-z_]\w*)|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<sign>&&|\|\||[<>=!]=|[<>(),!])|(?<strange>\S))/uy;

/** Takes a text apart. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  word.lastIndex = 0;
  for (;;) {
    const match = word.exec(text);
    if (match === null) break;
    const [kind, found] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (kind === undefined || found === undefined) break;
    tokens.push({ kind: kind as Token['kind'], text: found, at: word.lastIndex - found.length });
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}
