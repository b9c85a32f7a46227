// The words of a Corefile, each with its place, by the rules of CoreDNS' own lexer (coredns/caddy, caddyfile/lexer.go):
// a quote counts only at the beginning of a word, within quotes only a quote can be escaped, and `#` begins a comment
// wherever it stands.

/** A word. */
export interface Token {
  /** Without quotes. */
  readonly text: string;
  /** Offset of its first character, or of the quote before it. */
  readonly start: number;
  /** Offset behind it. */
  readonly end: number;
  /** Counted from 1. */
  readonly line: number;
  /** Whether it is the first one on its line. */
  readonly startsLine: boolean;
}

// unicode.IsSpace of Go, which isn't JavaScript's \s.
const isSpace = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** All words of a text. */
export function tokensOf(text: string): Token[] {
  return new Lexer(text).all();
}

class Lexer {
  readonly #text: string;
  #at: number;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  all(): Token[] {
    const tokens: Token[] = [];
    let lastLine = 0;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      tokens.push({ ...next, startsLine: next.line > lastLine });
      // A quoted word ends on a later line than it begins.
      lastLine = next.line + lineBreaks(next.text);
    }
    return tokens;
  }

  #next(): Omit<Token, 'startsLine'> | undefined {
    let comment = false;
    let word: { text: string; start: number; end: number; line: number } | undefined;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (isSpace.test(char)) {
        if (char === '\r') continue;
        if (char === '\n') {
          this.#line++;
          comment = false;
        }
        if (word !== undefined) {
          this.#at++;
          return word;
        }
        continue;
      }
      if (char === '#') comment = true;
      if (comment) continue;
      if (word === undefined && char === '"') return this.#quoted();
      word ??= { text: '', start: this.#at, end: this.#at, line: this.#line };
      word.text += char;
      word.end = this.#at + 1;
    }
    return word;
  }

  #quoted(): Omit<Token, 'startsLine'> | undefined {
    const [start, line] = [this.#at++, this.#line];
    let text = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (char === '"') return { text, start, end: ++this.#at, line };
      const isEscape = char === '\\';
      const value = isEscape ? this.#text.charAt(++this.#at) : char;
      if (value === '\n') this.#line++;
      text += isEscape && value !== '"' && value !== '' ? char + value : value;
    }
    return text === '' ? undefined : { text, start, end: this.#text.length, line };
  }
}

/** How many lines a text goes on for. */
function lineBreaks(text: string): number {
  return text.split('\n').length - 1;
}
