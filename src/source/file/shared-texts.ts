// Equal texts kept once: the manifests of a mesh say the same names of nodes, zones, protocols and services thousands of
// times, and every parsed object would have a copy of its own.

/** Longer texts are hardly ever said twice. */
const longestText = 64;
/** When so many are known, all are forgotten: those in use stay with the objects that have them. */
const mostTexts = 20_000;

const known = new Map<string, string>();

/** Replaces the texts within a value of plain data by ones that others have too, in place, and returns the value. */
export function shareTexts<T extends object>(value: T): T {
  for (const [name, item] of Object.entries(value) as [string, unknown][]) {
    if (typeof item === 'string') Reflect.set(value, name, shared(item));
    else if (typeof item === 'object' && item !== null) shareTexts(item);
  }
  return value;
}

function shared(text: string): string {
  if (text.length > longestText) return text;
  const same = known.get(text);
  if (same !== undefined) return same;
  if (known.size >= mostTexts) known.clear();
  known.set(text, text);
  return text;
}
