// Which object of the server was read: it may be deleted and made anew under the same name, and it changes.

import type { ApiMetadata } from '../../kube/api-object.ts';
import type { Kind } from '../../model/objects.ts';
import type { Parsed } from '../parse/parsed.ts';

/** Of these there are many, and whatever is wrong with one is known when it is read. */
const many: ReadonlySet<Kind> = new Set(['EndpointSlice', 'Pod']);

/** Custom resources with a status: what is wrong is said there, and of which generation. Others have Events. */
export const kindsWithStatus = [
  'TrafficSplit',
  'TrafficTarget',
  'HTTPRouteGroup',
  'TCPRoute',
  'UDPRoute',
] as const;

const haveStatus: ReadonlySet<string> = new Set(kindsWithStatus);

/** What was read of an object, with the object's uid, and its generation, wherever a problem may come to be about it. */
export function withIdentity(
  parsed: Parsed,
  { uid, generation }: Pick<ApiMetadata, 'uid' | 'generation'>,
): Parsed {
  if (uid === undefined) return parsed;
  const identity = (kind: string): { readonly uid: string; readonly generation?: number } =>
    haveStatus.has(kind) && generation !== undefined ? { uid, generation } : { uid };
  if ('object' in parsed) {
    const { object } = parsed;
    return many.has(object.kind) ? parsed : { object: { ...object, ...identity(object.kind) } };
  }
  return {
    problems: parsed.problems.map((problem) => ({
      ...problem,
      subject: { ...problem.subject, ...identity(problem.subject.kind) },
    })),
  };
}
