import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeHttpMatch } from '../../model/objects.ts';
import { parseHttpRouteGroup } from './http-route-group.ts';

const metadata = { name: 'api', namespace: 'store' };

function matchesOf(value: object): readonly KubeHttpMatch[] {
  const parsed = parseHttpRouteGroup({ metadata, ...value });
  assert.ok('object' in parsed, JSON.stringify(parsed));
  return parsed.object.matches;
}

function messagesOf(value: object): readonly string[] {
  const parsed = parseHttpRouteGroup({ metadata, ...value });
  assert.ok('problems' in parsed, JSON.stringify(parsed));
  return parsed.problems.map(({ message }) => message);
}

describe('parseHttpRouteGroup()', () => {
  it('reads matches with their conditions', () => {
    const matches = matchesOf({
      spec: {
        matches: [
          {
            name: 'read',
            pathRegex: '/api/.*',
            methods: ['GET', 'HEAD'],
            headers: [{ 'User-Agent': '.*Firefox.*' }, { cookie: 'beta' }],
          },
          { name: 'all' },
        ],
      },
    });
    assert.deepEqual(matches, [
      {
        name: 'read',
        pathRegex: '/api/.*',
        methods: ['GET', 'HEAD'],
        headers: [
          { name: 'user-agent', regex: '.*Firefox.*' },
          { name: 'cookie', regex: 'beta' },
        ],
      },
      { name: 'all', pathRegex: '', methods: [], headers: [] },
    ]);
  });

  it('reads the form of v1alpha1 and v1alpha2', () => {
    const matches = [{ name: 'read', methods: ['GET'] }];
    assert.deepEqual(matchesOf({ matches }), matchesOf({ spec: { matches } }));
  });

  it('reads headers as one mapping, as the specification writes them', () => {
    const [listed] = matchesOf({ spec: { matches: [{ headers: [{ a: '1', b: '2' }] }] } });
    const [mapped] = matchesOf({ spec: { matches: [{ headers: { a: '1', b: '2' } }] } });
    assert.deepEqual(mapped, listed);
  });

  it('takes methods in lower case, as the original', () => {
    assert.deepEqual(matchesOf({ spec: { matches: [{ methods: ['get', '*'] }] } })[0]?.methods, ['GET', '*']);
  });

  it('refuses methods, headers and regular expressions that are none', () => {
    const wrong = {
      methods: ['FETCH'],
      headers: [{ 'user agent': '' }, { cookie: '(?=a)' }],
      pathRegex: '/(',
    };
    assert.deepEqual(messagesOf({ spec: { matches: [wrong, 1] } }), [
      'spec.matches[0].headers[0] is a mapping, but must be a mapping from the name of an HTTP header',
      'spec.matches[0].headers[1].cookie is "(?=a)", but must be a regular expression that proxies take (RE2): invalid or unsupported Perl syntax: `(?=`',
      'spec.matches[0].methods[0] is "FETCH", but must be one of *, GET, HEAD, PUT, POST, DELETE, CONNECT, OPTIONS, TRACE, PATCH',
      'spec.matches[0].pathRegex is "/(", but must be a regular expression that proxies take (RE2): missing closing ): `/(`',
      'spec.matches[1] is 1, but must be a mapping',
    ]);
    assert.deepEqual(messagesOf({}), ['spec is missing: it must be a mapping']);
    assert.deepEqual(messagesOf({ matches: {} }), ['matches is a mapping, but must be a list']);
  });
});
