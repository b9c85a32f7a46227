// Kubeconfig files: how several make one, and what the current context of them says.

import { AccessError } from './access-error.ts';
import {
  kubeconfigFile,
  type KubeconfigCluster,
  type KubeconfigContextEntry,
  type KubeconfigFile,
  type KubeconfigUser,
} from './kubeconfig-format.ts';

/** Something of a kubeconfig, and the file that it stands in: paths in it are relative to that file's folder. */
export interface From<T> {
  readonly value: T;
  readonly file: string;
}

/** What the current context says. */
export interface KubeconfigContext {
  readonly name: string;
  readonly cluster: From<KubeconfigCluster>;
  readonly user: From<KubeconfigUser>;
}

/** A kubeconfig file that was read. */
export interface KubeconfigText {
  readonly file: string;
  readonly text: string;
}

/**
 * The current context of kubeconfig files, merged as kubectl merges them: what the first file says of a name counts.
 *
 * @throws {@link AccessError} where a file can't be understood or the context leads nowhere. It quotes no value.
 */
export async function currentContext(texts: readonly KubeconfigText[]): Promise<KubeconfigContext> {
  const files = await Promise.all(texts.map(async (each) => ({ value: await parse(each), file: each.file })));
  const where = texts.map(({ file }) => file).join(', ');
  const contexts = entries(files, (file) => file.contexts?.map(({ name, context }) => [name, context]));
  const current = files.map(({ value }) => value['current-context']).find(Boolean);
  if (!current) {
    throw new AccessError(
      `Kubeconfig ${where} has no current-context. Choose one by kubectl config use-context: ${listed(contexts)}`,
    );
  }
  const { cluster, user } = named<KubeconfigContextEntry>(
    contexts,
    current,
    `current-context of ${where}`,
  ).value;
  const by = `context ${current} of ${where}`;
  const clusters = entries(files, (file) => file.clusters?.map((each) => [each.name, each.cluster]));
  const users = entries(files, (file) => file.users?.map((each) => [each.name, each.user]));
  return {
    name: current,
    cluster: named<KubeconfigCluster>(clusters, cluster ?? '', `cluster of ${by}`),
    user: user ? named<KubeconfigUser>(users, user, `user of ${by}`) : { value: {}, file: where },
  };
}

type Named<T> = readonly (readonly [name: string, value: T | null | undefined])[] | undefined;

/** Entries of one kind out of all files; of several with one name, the first. */
function entries<T>(
  files: readonly From<KubeconfigFile>[],
  select: (file: KubeconfigFile) => Named<T>,
): ReadonlyMap<string, From<T | undefined>> {
  const all = new Map<string, From<T | undefined>>();
  for (const { value, file } of files) {
    for (const [name, entry] of select(value) ?? []) {
      if (!all.has(name)) all.set(name, { value: entry ?? undefined, file });
    }
  }
  return all;
}

function named<T extends object>(
  map: ReadonlyMap<string, From<T | undefined>>,
  name: string,
  what: string,
): From<T> {
  const found = map.get(name);
  if (found?.value !== undefined) return { value: found.value, file: found.file };
  throw new AccessError(
    `The ${what} is ${name || 'not given'}, and kubeconfig has no such entry. It has ${listed(map)}: mend either`,
  );
}

function listed(map: ReadonlyMap<string, unknown>): string {
  return map.size === 0 ? 'none' : [...map.keys()].toSorted().join(', ');
}

async function parse({ file, text }: KubeconfigText): Promise<KubeconfigFile> {
  // Whoever runs in a cluster needs no YAML for this.
  const { load, YAMLException } = await import('js-yaml');
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : load(text);
  } catch (error) {
    // The exception's own message shows the lines around, which may hold secrets.
    const reason =
      error instanceof YAMLException ? ` (line ${(error.mark?.line ?? 0) + 1}: ${error.reason})` : '';
    // oxlint-disable-next-line preserve-caught-error -- it would show them too
    throw new AccessError(`Kubeconfig ${file} is no YAML${reason}. Mend it, or name another by --kubeConfig`);
  }
  const result = kubeconfigFile.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  throw new AccessError(`Kubeconfig ${file} can't be understood: ${problems.join('; ')}. Mend it there`);
}
