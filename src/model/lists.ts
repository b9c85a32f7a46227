// Lists of texts.

/** The texts of a list that another hasn't. */
export function withoutThose(texts: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return texts.filter((text) => !known.has(text));
}
