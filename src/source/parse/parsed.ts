// From a value of unknown shape to an object of a kind, or to the problems that keep it from being one.
// The schemas of the kinds are zod's; what a user reads about a mistake is made here, the same for every kind.

import type { z } from 'zod';
import { byText } from '../../model/key.ts';
import type { Kind, KubeObject, ObjectOf } from '../../model/objects.ts';
import type { Problem, Subject } from '../../model/problem.ts';
import type { ProblemCode } from '../../model/problem-codes.ts';

/** An object of a kind, without origin, or why there is none (at least one problem, whose subject has no origin). */
export type Parsed<O extends KubeObject = KubeObject> =
  | { readonly object: O }
  | { readonly problems: readonly Problem[] };

/** How a kind is read: the fields that matter and their rules, then the object that the model wants. */
export interface KindReader<K extends Kind, S extends z.ZodType> {
  readonly kind: K;
  readonly schema: S;
  readonly reduce: (value: z.output<S>) => ObjectOf<K>;
}

/** What a rule of a schema may say beside its message, in zod's `params`. */
export interface RuleParams {
  /** `MAESH_OBJECT_INVALID` where none is given. */
  readonly code?: ProblemCode;
  /** What to do about it. */
  readonly advice?: string;
}

/** Reads a value as an object of a kind. Never throws, whatever the value is. */
export function parseAs<K extends Kind, S extends z.ZodType>(
  reader: KindReader<K, S>,
  value: unknown,
): Parsed<ObjectOf<K>> {
  const result = reader.schema.safeParse(value);
  if (result.success) return { object: reader.reduce(result.data) };
  const subject = subjectOf(reader.kind, value);
  const problems = result.error.issues.map((issue) => problemOf(issue, value, subject));
  return { problems: problems.toSorted((a, b) => byText(a.message, b.message)) };
}

/**
 * The subject of an object that may be of any shape, as well as it can be told: a name that is no text (`name: 1`) is
 * shown as if it were, one that is missing is empty.
 */
export function subjectOf(kind: Kind, value: unknown): Subject {
  const name = scalarText(at(value, ['metadata', 'name']));
  const namespace = scalarText(at(value, ['metadata', 'namespace']));
  return { kind, namespace: kind === 'Namespace' ? '' : namespace || 'default', name };
}

/** Whether the subject is surely the one that the object means: its name and namespace are text, or left out. */
export function isIdentified(value: unknown): boolean {
  const namespace = at(value, ['metadata', 'namespace']);
  return (
    typeof at(value, ['metadata', 'name']) === 'string' &&
    (isMissing(namespace) || typeof namespace === 'string')
  );
}

function scalarText(value: unknown): string {
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? String(value) : '';
}

/** The end of the advice about an object that cannot be read. */
export const keepsLastVersion =
  'Until then the mesh keeps the last good version of the object, if it had one.';

function problemOf(issue: z.core.$ZodIssue, value: unknown, subject: Subject): Problem {
  const params: RuleParams = issue.code === 'custom' ? (issue.params ?? {}) : {};
  const found = at(value, issue.path);
  const field = fieldName(issue.path);
  const wanted =
    issue.code === 'invalid_type' ? (typeNames[issue.expected] ?? issue.expected) : issue.message;
  return {
    code: params.code ?? 'MAESH_OBJECT_INVALID',
    subject,
    message: isMissing(found)
      ? `${field} is missing: it must be ${wanted}`
      : `${field} is ${shown(found)}, but must be ${wanted}`,
    advice: `${params.advice ?? adviceFor(issue, found)}. ${keepsLastVersion}`,
  };
}

function adviceFor(issue: z.core.$ZodIssue, found: unknown): string {
  const wantsText = issue.code === 'invalid_type' && issue.expected === 'string';
  if (wantsText && (typeof found === 'number' || typeof found === 'boolean')) {
    return 'Put it in quotes, so that YAML reads it as text';
  }
  const wantsOther =
    issue.code === 'invalid_type' && (issue.expected === 'number' || issue.expected === 'boolean');
  if (wantsOther && typeof found === 'string') return 'Write it without quotes';
  return isMissing(found) ? 'Add the field' : 'Correct the field';
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = Reflect.get(current, part);
  }
  return current;
}

/** `spec.ports[1].port`, `metadata.labels["app.kubernetes.io/name"]`: a field as users write it. */
function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the object';
  const name = path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      const text = String(part);
      return /^\w+$/.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
    })
    .join('');
  return name.startsWith('.') ? name.slice(1) : name;
}

const shownLength = 80;

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  // JSON writes NaN and the infinities, which YAML has, as null.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length <= shownLength ? text : `${text.slice(0, shownLength)}…`;
}
