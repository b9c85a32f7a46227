// The structure of a Corefile: its server blocks and the plugins in them, by the rules of CoreDNS' own parser
// (coredns/caddy, caddyfile/parse.go). Where that would stop, so does this, with the same fault.

import { tokensOf, type Token } from './tokens.ts';

/** A line that configures a plugin, with the lines in its braces. */
export interface Directive {
  readonly plugin: string;
  /** The words behind the plugin's name, up to its first brace. */
  readonly args: readonly string[];
  /** Offset of its first word, in the Corefile. */
  readonly start: number;
  /** Offset behind its last word. */
  readonly end: number;
}

/** What serves some zones on some ports. */
export interface ServerBlock {
  /** As written: `.:53`, `dns://example.org`. */
  readonly keys: readonly string[];
  /** Counted from 1. */
  readonly line: number;
  /** Offset behind its last word. */
  readonly end: number;
  /** With those of imported snippets in their place; what imported files hold isn't known. */
  readonly directives: readonly Directive[];
  /** Whether it goes on to the end of the Corefile, so that what is put behind it comes to lie in it. */
  readonly isOpen: boolean;
}

/** Why CoreDNS doesn't load a Corefile. */
export interface CorefileFault {
  /** Counted from 1. */
  readonly line: number;
  /** One sentence without a full stop. */
  readonly message: string;
}

export interface Corefile {
  readonly blocks: readonly ServerBlock[];
  /** Files, or patterns of them, that are imported between server blocks. */
  readonly imports: readonly string[];
}

/** Reads a Corefile. The first fault is all there is then, as CoreDNS goes no further either. */
export function readCorefile(text: string): Corefile | CorefileFault {
  try {
    return new Reader(tokensOf(text)).all();
  } catch (error) {
    if (error instanceof Stop) return error.fault;
    throw error;
  }
}

/** Reads only the first server block, whatever comes after it. Undefined where there is none that CoreDNS would load. */
export function readFirstBlock(text: string): ServerBlock | undefined {
  try {
    return new Reader(tokensOf(text)).next();
  } catch (error) {
    if (error instanceof Stop) return undefined;
    throw error;
  }
}

/** Whether a block has a plugin. */
export function hasPlugin({ directives }: ServerBlock, name: string): boolean {
  return directives.some(({ plugin }) => plugin === name);
}

/** Tells a fault from what was read. */
export function isFault(read: Corefile | CorefileFault): read is CorefileFault {
  return 'message' in read;
}

/** Ends the reading. It doesn't leave this file. */
class Stop extends Error {
  readonly fault: CorefileFault;

  constructor(line: number, message: string) {
    super(message);
    this.fault = { line, message };
  }
}

/** The snippets of a Corefile. */
interface Snippets {
  readonly words: Map<string, readonly Token[]>;
  /** How many have been put in, and in how many others what is read now lies. */
  imported: number;
  depth: number;
}

/** As many may be put in, and as many may lie in one another: snippets that import one another would never end. */
const most: Pick<Snippets, 'imported' | 'depth'> = { imported: 10_000, depth: 100 };

class Reader {
  readonly #tokens: readonly Token[];
  readonly #snippets: Snippets;
  readonly #imports: string[] = [];
  #at = 0;

  constructor(tokens: readonly Token[], snippets: Snippets = { words: new Map(), imported: 0, depth: 0 }) {
    this.#tokens = tokens;
    this.#snippets = snippets;
  }

  all(): Corefile {
    const blocks: ServerBlock[] = [];
    for (let block = this.next(); block !== undefined; block = this.next()) blocks.push(block);
    return { blocks, imports: this.#imports };
  }

  next(): ServerBlock | undefined {
    while (this.#token !== undefined) {
      const block = this.#block(this.#token.line);
      if (block !== undefined) return block;
    }
    return undefined;
  }

  get #token(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #isAt(text: string): boolean {
    return this.#token?.text === text;
  }

  /** Goes past a block, or past a snippet, which is none. */
  #block(line: number): ServerBlock | undefined {
    const keys = this.#keys();
    const [key, ...more] = keys;
    if (key !== undefined && more.length === 0 && /^\(.*\)$/s.test(key) && this.#token !== undefined) {
      this.#keepSnippet(key);
      return undefined;
    }
    const hasBrace = this.#isAt('{');
    const { directives, isClosed } = this.#body(hasBrace);
    if (key === undefined) return undefined;
    const { end = 0 } = this.#tokens[this.#at - 1] ?? {};
    return { keys, line, end, directives, isOpen: !hasBrace || !isClosed };
  }

  /** Goes past what stands in the braces, or where there are none, up to the end. */
  #body(hasBrace: boolean): { readonly directives: readonly Directive[]; readonly isClosed: boolean } {
    if (hasBrace) this.#at++;
    const directives = this.#directives();
    const isClosed = this.#isAt('}');
    if (isClosed) this.#at++;
    // CoreDNS takes a brace at the end of the Corefile for this one, whatever it has closed.
    else if (hasBrace && this.#tokens.at(-1)?.text !== '}') this.#stop('Expected }, but the Corefile ends');
    return { directives, isClosed };
  }

  /** Goes past a snippet's body. What its words mean comes out where it is imported. */
  #keepSnippet(key: string): void {
    const name = key.slice(1, -1);
    if (this.#snippets.words.has(name)) this.#stop(`The snippet ${name} is there twice`);
    if (!this.#isAt('{')) this.#stop(`Expected { after ${key}`);
    const start = ++this.#at;
    for (let nesting = 1; nesting > 0; this.#at++) {
      nesting += nestingBy(this.#token ?? this.#stop('Expected }, but the Corefile ends'));
    }
    this.#snippets.words.set(name, this.#tokens.slice(start, this.#at - 1));
  }

  /** What stands before the brace: on one line, or on more where commas say so. */
  #keys(): string[] {
    const keys: string[] = [];
    let [goesOn, isFirst] = [false, true];
    for (let token = this.#token; token !== undefined && token.text !== '{'; token = this.#token) {
      if (token.startsLine && !goesOn && !isFirst) return keys;
      if (token.startsLine && token.text === 'import') {
        this.#imports.push(this.#importedName());
        continue;
      }
      isFirst = false;
      this.#at++;
      if (token.text === '') continue;
      const key = token.text.replace(/,$/, '');
      goesOn = key !== token.text;
      keys.push(key);
    }
    if (goesOn) this.#stop('Expected another zone after the comma');
    return keys;
  }

  #directives(): Directive[] {
    const directives: Directive[] = [];
    for (let token = this.#token; token !== undefined && token.text !== '}'; token = this.#token) {
      if (token.text === 'import') this.#importInto(directives);
      else directives.push(this.#directive(token));
    }
    return directives;
  }

  #importInto(directives: Directive[]): void {
    const snippets = this.#snippets;
    const words = snippets.words.get(this.#importedName());
    if (words === undefined) return;
    snippets.imported++;
    snippets.depth++;
    if (snippets.imported > most.imported || snippets.depth > most.depth)
      this.#stop('Snippets import one another too often');
    for (const directive of new Reader(words, snippets).#directives()) directives.push(directive);
    snippets.depth--;
  }

  #directive(name: Token): Directive {
    this.#at++;
    const args: string[] = [];
    let [nesting, end, isFirstLine] = [0, name.end, true];
    for (let token = this.#token; token !== undefined; token = this.#token) {
      if (nesting === 0 && token.startsLine && token.text !== '{') break;
      if (token.startsLine && token.text === 'import') {
        this.#importedName();
        continue;
      }
      nesting += nestingBy(token);
      if (nesting < 0) this.#stop('Unexpected }');
      isFirstLine &&= nesting === 0 && token.text !== '}';
      if (isFirstLine) args.push(token.text);
      end = token.end;
      this.#at++;
    }
    if (nesting > 0) this.#stop(`Expected } after ${name.text}, but the Corefile ends`);
    return { plugin: name.text, args, start: name.start, end };
  }

  /** Goes past `import` and its one word. */
  #importedName(): string {
    this.#at++;
    const [name, more] = this.#tokens.slice(this.#at, this.#at + 2);
    if (name === undefined || name.startsLine || name.text === '')
      return this.#stop('Expected a name after import');
    if (more !== undefined && !more.startsLine) return this.#stop('Expected one name after import');
    this.#at++;
    return name.text;
  }

  #stop(message: string): never {
    const { line = 1 } = this.#token ?? this.#tokens.at(-1) ?? {};
    throw new Stop(line, message);
  }
}

/** How much deeper one is behind a word than before it. */
function nestingBy({ text }: Token): number {
  if (text === '{') return 1;
  return text === '}' ? -1 : 0;
}
