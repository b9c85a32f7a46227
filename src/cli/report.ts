// What `maesh check` says about a mesh, for people and for programs.

import { subjectName, type Problem } from '../model/problem.ts';
import type { Topology } from '../model/topology.ts';
import { byText } from '../model/key.ts';
import { problemJson } from '../serve/http/topology-json.ts';
import { counted } from '../runtime/counted.ts';
import type { Output } from './output.ts';
import type { OfflineMesh } from './offline.ts';

/**
 * Problems, one paragraph each, then a line that sums up. The first line of a paragraph begins with file and line, in
 * the form that editors and terminals open.
 */
export function textReport({ topology, ignoredKinds }: OfflineMesh, out: Output): string {
  const paragraphs = topology.problems.map((problem) => problemText(problem, out));
  return `${paragraphs.join('')}${summary({ topology, ignoredKinds }, out)}\n`;
}

/** The same as one JSON document, problems in the shape of the API. */
export function jsonReport({ topology, ignoredKinds }: OfflineMesh): string {
  const report = {
    services: topology.services.size,
    ports: portCount(topology),
    problems: topology.problems.map(problemJson),
    ignoredKinds: Object.fromEntries(sorted(ignoredKinds)),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** A problem as a paragraph: where it is, what is wrong and why, and what to do. */
export function problemText(problem: Problem, out: Output): string {
  const { origin } = problem.subject;
  const line = origin?.line === undefined ? '' : `:${origin.line}`;
  // The name of a file is what its problem is about already.
  const place = origin === undefined || problem.subject.kind === 'File' ? '' : `${origin.file}${line}: `;
  const subject =
    problem.subject.kind === 'File' ? `${problem.subject.name}${line}` : subjectName(problem.subject);
  const code = out.paint('dim', `(${problem.code})`);
  return `${place}${out.paint('bold', subject)}: ${out.paint('red', problem.message)} ${code}\n    ${problem.advice}\n`;
}

function summary({ topology, ignoredKinds }: OfflineMesh, out: Output): string {
  const { length } = topology.problems;
  const problems =
    length === 0 ? out.paint('green', 'no problems') : out.paint('red', counted(length, 'problem'));
  const counts = `${counted(topology.services.size, 'service')}, ${counted(portCount(topology), 'port')}, ${problems}`;
  const ignored = sorted(ignoredKinds).map(([kind, count]) => `${kind} (${count})`);
  return ignored.length === 0
    ? counts
    : `${counts}; kinds that the mesh does not read: ${ignored.join(', ')}`;
}

function portCount({ services }: Topology): number {
  let count = 0;
  for (const { ports } of services.values()) count += ports.length;
  return count;
}

function sorted(kinds: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...kinds].toSorted(([a], [b]) => byText(a, b));
}
