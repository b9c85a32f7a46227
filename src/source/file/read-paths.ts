// Reads manifests once: for commands that look at what there is and end (`maesh translate`, `maesh check`).

import { buffer } from 'node:stream/consumers';
import { byText } from '../../model/key.ts';
import type { KubeObject } from '../../model/objects.ts';
import { byProblem, type Problem } from '../../model/problem.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLog } from '../../runtime/log.ts';
import type { Content } from './content.ts';
import { contentProblems, unreadableProblem } from './file-problem.ts';
import { defaultTiming } from './file-timing.ts';
import { FileTracker } from './file-tracker.ts';
import { contentOf, ManifestReader, readText as contentOfText } from './manifest-reader.ts';
import { MissingPathError } from './missing-path-error.ts';
import { ObjectStore } from './object-store.ts';

/** What manifests say. */
export interface Manifests {
  /** Sorted by kind and key. */
  readonly objects: readonly KubeObject[];
  /** Sorted. */
  readonly problems: readonly Problem[];
  /** How many objects there are of each kind that the mesh does not read (`Deployment.apps`), sorted by kind. */
  readonly ignoredKinds: ReadonlyMap<string, number>;
}

/** The path that stands for standard input. */
const standardInput = '-';

/**
 * Reads files and folders; `-` is standard input. Says what a file source of the same paths offers first. Rejects
 * with {@link MissingPathError} where one is not there.
 */
export async function readPaths(paths: readonly string[]): Promise<Manifests> {
  const store = new ObjectStore();
  const reader = new ManifestReader({ clock: systemClock, log: silentLog });
  const roots = paths.filter((path) => path !== standardInput);
  const tracker = new FileTracker({
    roots,
    store,
    reader,
    clock: systemClock,
    timing: defaultTiming,
    touchAll: () => {},
  });
  try {
    await tracker.look({ paths: [], isEverything: true }, undefined);
  } finally {
    await reader.close();
  }
  if (tracker.missingRoots.length > 0) throw new MissingPathError(tracker.missingRoots);
  const contents = [...tracker.contents()];
  const problems = [...tracker.problems()];
  const dash = paths.indexOf(standardInput);
  if (dash !== -1) {
    const input = contentOf(await buffer(process.stdin), new Map());
    if (input.status === 'read') {
      // Between the paths that stand before it and those behind: the first of two equal objects counts.
      store.setFile({ path: standardInput, root: dash - 0.5 }, { pieces: input.pieces, keeps: 'nothing' });
      contents.push(input);
      problems.push(...contentProblems(standardInput, input.pieces));
    } else if (input.status === 'failed') problems.push(unreadableProblem(standardInput, input));
  }
  return manifestsOf(store, { contents, problems });
}

/** Reads the text of a manifest; `file` is how problems and origins call it. */
export function readText(text: string, file: string): Manifests {
  const store = new ObjectStore();
  const content = contentOfText(text, new Map());
  store.setFile({ path: file, root: 0 }, { pieces: content.pieces, keeps: 'nothing' });
  return manifestsOf(store, { contents: [content], problems: contentProblems(file, content.pieces) });
}

function manifestsOf(
  store: ObjectStore,
  found: { readonly contents: Iterable<Content>; readonly problems: readonly Problem[] },
): Manifests {
  const objects = store.takeChanges().flatMap(({ object }) => (object === undefined ? [] : [object]));
  const counts = new Map<string, number>();
  for (const { pieces } of found.contents) {
    for (const { reading } of pieces) {
      for (const kind of reading.ignoredKinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  }
  return {
    objects,
    problems: [...found.problems, ...store.duplicates()].toSorted(byProblem),
    ignoredKinds: new Map([...counts].toSorted(([a], [b]) => byText(a, b))),
  };
}
