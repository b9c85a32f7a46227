// Which object of the server was read: it may be deleted and made anew under the same name.

import type { Kind } from '../../model/objects.ts';
import type { Parsed } from '../parse/parsed.ts';

/** Of these there are many, and whatever is wrong with one is known when it is read. */
const many: ReadonlySet<Kind> = new Set(['EndpointSlice', 'Pod']);

/** What was read of an object, with the object's uid wherever a problem may come to be about it. */
export function withUid(parsed: Parsed, uid: string | undefined): Parsed {
  if (uid === undefined) return parsed;
  if ('object' in parsed)
    return many.has(parsed.object.kind) ? parsed : { object: { ...parsed.object, uid } };
  return {
    problems: parsed.problems.map((problem) => ({ ...problem, subject: { ...problem.subject, uid } })),
  };
}
