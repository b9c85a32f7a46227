// Problems that only a file source can have: files and paths that cannot be read, and objects given twice.

import type { ObjectKey } from '../../model/key.ts';
import type { Kind } from '../../model/objects.ts';
import type { Origin, Problem } from '../../model/problem.ts';
import type { ProblemCode } from '../../model/problem-codes.ts';
import type { ContentPiece } from './content.ts';

const keepsLast = 'Until then the mesh keeps what it last said.';

/** The problem of a file or folder that cannot be read; `reason` completes "the file …". */
export function unreadableProblem(
  path: string,
  failure: { readonly code: ProblemCode; readonly reason: string },
): Problem {
  return {
    code: failure.code,
    subject: { kind: 'File', namespace: '', name: path, origin: { file: path } },
    message: `${path} ${failure.reason}`,
    advice: advice[failure.code] ?? `Make it readable. ${keepsLast}`,
  };
}

const advice: { readonly [Code in ProblemCode]?: string } = {
  MAESH_FILE_ENCODING: `Save it as UTF-8. ${keepsLast}`,
  MAESH_FILE_TOO_LARGE: `Divide it into several files. ${keepsLast}`,
  MAESH_PATH_MISSING: `Bring it back, or start the mesh without it. ${keepsLast}`,
};

/** The problem of an object that is given a second time. */
export function duplicateProblem(
  object: { readonly kind: Kind; readonly key: ObjectKey },
  origin: Required<Origin>,
  first: Required<Origin>,
): Problem {
  const [namespace = '', name = ''] = object.key.split('/');
  return {
    code: 'MAESH_OBJECT_DUPLICATE',
    subject: { kind: object.kind, namespace, name, origin },
    message: `the object in ${placeName(origin)} is also in ${placeName(first)}, which comes first and counts`,
    advice: 'Remove one of the two, or give it another name or namespace.',
  };
}

/** The problems of a file's pieces, each with where it is. */
export function contentProblems(path: string, pieces: readonly ContentPiece[]): readonly Problem[] {
  return pieces.flatMap(({ line, reading }) =>
    reading.problems.map((problem): Problem => {
      // Lines of a piece are counted from its first.
      const origin = { file: path, line: line + (problem.subject.origin?.line ?? 1) - 1 };
      const name = problem.subject.kind === 'File' ? path : problem.subject.name;
      return { ...problem, subject: { ...problem.subject, name, origin } };
    }),
  );
}

function placeName({ file, line }: Required<Origin>): string {
  return `${file}:${line}`;
}
