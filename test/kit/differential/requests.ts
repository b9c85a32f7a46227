// Conditions on requests, and requests that meet them or nearly do.

import fc from 'fast-check';
import type { KubeHttpMatch } from '../../../src/model/objects.ts';
import type { Probe } from './case.ts';

/** Regular expressions of paths. */
const pathRegexes = ['/api', 'api', '/api/v[0-9]+', '/(?:a|b)$', '/.*x', '/api.?', '/a%2Fb'];

/** A match with at least one condition. */
export const someMatch: fc.Arbitrary<KubeHttpMatch> = fc
  .record({
    pathRegex: fc.oneof(fc.constant(''), fc.constantFrom(...pathRegexes)),
    methods: fc.constantFrom<readonly string[]>([], [], ['GET'], ['POST', 'PUT'], ['*', 'GET']),
    headers: fc.constantFrom(
      [],
      [],
      [{ name: 'x-kind', regex: 'canary' }],
      [{ name: 'x-kind', regex: '^ca' }],
      [
        { name: 'x-kind', regex: '.*' },
        { name: 'cookie', regex: 'beta=[0-9]' },
      ],
    ),
  })
  .filter(
    ({ pathRegex, methods, headers }) =>
      pathRegex !== '' || headers.length > 0 || (methods.length > 0 && !methods.includes('*')),
  )
  .map((match) => ({ name: '', ...match }));

/** Requests that matches like these tell apart. */
export const someRequest: fc.Arbitrary<Pick<Probe, 'path' | 'method' | 'headers'>> = fc.record({
  path: fc.constantFrom('/', '/api', '/api/v1/x', '/apix?y', '/a', '/b', '/x/api', '/API', '/a%2Fb'),
  method: fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'DELETE'),
  headers: fc.constantFrom<Readonly<Record<string, string>>>(
    {},
    { 'x-kind': 'canary' },
    { 'x-kind': 'a canary', cookie: 'a=1; beta=2' },
    { 'X-Kind': 'other', cookie: 'beta=2' },
  ),
});

/** How many conditions there are in all: what the original went by where several routers fit. */
export function conditions(matches: readonly KubeHttpMatch[]): number {
  return matches
    .map(({ pathRegex, methods, headers }) => {
      const hasMethods = methods.length > 0 && !methods.includes('*');
      return (pathRegex === '' ? 0 : 1) + (hasMethods ? 1 : 0) + headers.length;
    })
    .reduce((sum, count) => sum + count, 0);
}
