// Which namespaces the mesh looks at, by the original's two settings.

/** The settings. An empty `watch` means all namespaces. */
export interface NamespaceSettings {
  readonly watch: readonly string[];
  /** Counts for more than `watch`. */
  readonly ignore: readonly string[];
}

/** What the mesh is never about: as the original, its own cluster's inner life. */
const alwaysIgnored: ReadonlySet<string> = new Set(['kube-system']);

/** Whether objects of a namespace are looked at. Those that belong to no namespace always are. */
export function isWatched(namespace: string, { watch, ignore }: NamespaceSettings): boolean {
  if (namespace === '') return true;
  if (alwaysIgnored.has(namespace) || ignore.includes(namespace)) return false;
  return watch.length === 0 || watch.includes(namespace);
}

/**
 * The namespaces to ask the API server for, one by one; undefined: for all at once. Where some are named only those are
 * asked for, so that the others cost nothing and need no permission.
 */
export function askedNamespaces(settings: NamespaceSettings): readonly string[] | undefined {
  if (settings.watch.length === 0) return undefined;
  return [...new Set(settings.watch)].filter((namespace) => isWatched(namespace, settings)).toSorted();
}

/** The longest field selector that is sent: it is part of the path of a request. */
const longestSelector = 2000;

/**
 * The field selector by which the API server leaves out what is ignored where it is asked for all namespaces, so that it
 * need not send it; undefined where namespaces are asked for one by one. It may leave too much in: {@link isWatched}
 * counts.
 */
export function fieldSelectorOf({ watch, ignore }: NamespaceSettings): string | undefined {
  if (watch.length > 0) return undefined;
  let selector = '';
  for (const namespace of new Set([...alwaysIgnored, ...ignore.toSorted()])) {
    const next = `${selector}${selector === '' ? '' : ','}metadata.namespace!=${namespace}`;
    if (next.length > longestSelector) break;
    selector = next;
  }
  return selector;
}
