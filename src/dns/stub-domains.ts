// kube-dns' stub domains: a JSON object, in a ConfigMap, of domains and the servers that know them. Edited as text, so that
// taking the mesh's out again gives back every byte that was there.

/** A domain and its servers, as written. */
interface Member {
  readonly name: string;
  readonly start: number;
  /** Behind the value. */
  readonly end: number;
}

/** Says of each domain that this server knows it, in place of what was said of it; undefined where the text is no JSON object. */
export function setStubDomains(
  text: string | undefined,
  domains: readonly string[],
  server: string,
): string | undefined {
  if (text === undefined || text.trim() === '') return ownText(domains, server);
  const members = membersOf(text);
  if (members === undefined) return undefined;
  const isRight = (domain: string): boolean => {
    const member = members.find(({ name }) => name === domain);
    return member !== undefined && text.slice(member.start, member.end) === memberText(domain, server);
  };
  if (domains.every(isRight)) return text;
  const rest = removeStubDomains(text, domains);
  if (rest === undefined) return ownText(domains, server);
  const own = domains.map((domain) => memberText(domain, server)).join(',');
  const comma = membersOf(rest)?.length === 0 ? '' : ',';
  return rest.replace('{', () => `{${own}${comma}`);
}

/**
 * Takes domains out. Undefined: nothing was there before {@link setStubDomains}. A text that is no JSON object is given back
 * as it is.
 */
export function removeStubDomains(text: string, domains: readonly string[]): string | undefined {
  const members = membersOf(text);
  if (members === undefined) return text;
  const own = members.filter(({ name }) => domains.includes(name));
  if (own.length > 0 && own.length === members.length && isOwnText(text, own)) return undefined;
  let rest = text;
  for (const { start, end } of own.toReversed()) {
    const before = rest.slice(0, start);
    const after = rest.slice(end);
    const next = /^\s*,/.exec(after);
    // The last one takes the comma before it along.
    rest = next === null ? before.replace(/,\s*$/, '') + after : before + after.slice(next[0].length);
  }
  return rest;
}

function memberText(domain: string, server: string): string {
  return `${JSON.stringify(domain)}:${JSON.stringify([server])}`;
}

/** The text where there was none: told apart by its line break from one that was there, as no other begins with it. */
function ownText(domains: readonly string[], server: string): string {
  return `{${domains.map((domain) => `\n  ${memberText(domain, server)}`).join(',')}\n}\n`;
}

function isOwnText(text: string, members: readonly Member[]): boolean {
  const lines = members.map(({ start, end }) => `\n  ${text.slice(start, end)}`);
  return text === `{${lines.join(',')}\n}\n`;
}

/** The members of a JSON object with arrays of texts for values; undefined for a text that is none. */
function membersOf(text: string): readonly Member[] | undefined {
  const parsed = parse(text);
  if (parsed === undefined) return undefined;
  const string = String.raw`"(?:[^"\\]|\\.)*"`;
  const pattern = new RegExp(String.raw`(${string})\s*:\s*(?:\[(?:\s|,|${string})*\]|${string}|null)`, 'g');
  const members = Array.from(text.matchAll(pattern), (match) => ({
    name: JSON.parse(match[1] ?? '""') as string,
    start: match.index,
    end: match.index + match[0].length,
  }));
  // Nothing is cut out of a text that is not wholly understood.
  const isUnderstood =
    members.length === Object.keys(parsed).length && Object.values(parsed).every(isServers);
  return isUnderstood ? members : undefined;
}

function isServers(value: unknown): boolean {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value ?? ''];
  return texts.every((each) => typeof each === 'string');
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
