// What a match of an HTTPRouteGroup says of requests.

import type { KubeHttpMatch } from './objects.ts';
import type { HttpMatch } from './topology.ts';

/** The conditions of a match. */
export function httpMatch({ methods, pathRegex, headers }: KubeHttpMatch): HttpMatch {
  return { methods: methods.includes('*') ? [] : methods, pathRegex, headers };
}

/** Whether every request meets them: there are none. */
export function isEveryRequest({ methods, pathRegex, headers }: HttpMatch): boolean {
  return methods.length === 0 && pathRegex === '' && headers.length === 0;
}
