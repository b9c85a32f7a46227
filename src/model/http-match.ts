// What a match of an HTTPRouteGroup says of requests.

import type { KubeHttpMatch } from './objects.ts';
import type { HttpMatch } from './topology.ts';

const known = new WeakMap<KubeHttpMatch, HttpMatch>();

/** The conditions of a match: the same object however many refer to it, so that what is made of it can be, too. */
export function httpMatch(match: KubeHttpMatch): HttpMatch {
  const { methods, pathRegex, headers } = match;
  const made = known.get(match) ?? { methods: methods.includes('*') ? [] : methods, pathRegex, headers };
  known.set(match, made);
  return made;
}

/** Whether every request meets them: there are none. */
export function isEveryRequest({ methods, pathRegex, headers }: HttpMatch): boolean {
  return methods.length === 0 && pathRegex === '' && headers.length === 0;
}
