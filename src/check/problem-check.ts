// The problems that replicas know: of all objects, and of what proxies refuse.

import { byText } from '../model/key.ts';
import type { ProblemCode } from '../model/problem-codes.ts';
import { subjectName } from '../model/problem.ts';
import { counted } from '../runtime/counted.ts';
import type { ProblemJson } from '../serve/http/api-types.ts';
import type { Cluster } from './cluster.ts';
import { warning, well, wrong, type Finding } from './finding.ts';

/** Those that no user's object is to blame for: what is not served because of them, works nowhere. */
const ofTheMesh: ReadonlySet<string> = new Set<ProblemCode>([
  'MAESH_PORTS_EXHAUSTED',
  'MAESH_PROXY_REJECTED',
]);

/** `problems`: an error where it is the mesh that doesn't do as it should. */
export async function problems(cluster: Cluster): Promise<Finding> {
  const controllers = await cluster.controllers();
  const known = await Promise.all(
    controllers.map(({ pod }) => cluster.get<readonly ProblemJson[]>(pod, '/api/problems')),
  );
  // What their own proxies refuse differs from one replica to the next, the rest is the same.
  const byLine = new Map(known.flat().map((problem) => [lineOf(problem), problem]));
  if (byLine.size === 0) return well('none is known');
  const fault = {
    message: counted(byLine.size, 'problem'),
    details: [...byLine.keys()].toSorted(byText),
    advice: 'Each says what to do; docs/problems.md says more. kubectl describe shows them on their objects.',
  };
  return [...byLine.values()].some(({ code }) => ofTheMesh.has(code)) ? wrong(fault) : warning(fault);
}

function lineOf({ code, message, advice, ...subject }: ProblemJson): string {
  return `${subjectName(subject)}: ${message} (${code}). ${advice}`;
}
