import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTrafficSplit } from './traffic-split.ts';

const metadata = { name: 'canary', namespace: 'store' };

function messagesOf(spec: unknown): readonly string[] {
  const parsed = parseTrafficSplit({ metadata, spec });
  assert.ok('problems' in parsed, JSON.stringify(parsed));
  return parsed.problems.map(({ message }) => message);
}

describe('parseTrafficSplit()', () => {
  it('reads root, backends and route groups', () => {
    const parsed = parseTrafficSplit({
      apiVersion: 'split.smi-spec.io/v1alpha4',
      kind: 'TrafficSplit',
      metadata,
      spec: {
        service: 'shop',
        matches: [{ kind: 'HTTPRouteGroup', name: 'firefox' }],
        backends: [
          { service: 'shop-v1', weight: 0 },
          { service: 'shop-v2', weight: 100 },
        ],
      },
    });
    assert.deepEqual(parsed, {
      object: {
        kind: 'TrafficSplit',
        namespace: 'store',
        name: 'canary',
        labels: {},
        service: 'shop',
        backends: [
          { service: 'shop-v1', weight: 0 },
          { service: 'shop-v2', weight: 100 },
        ],
        routeGroups: ['firefox'],
      },
    });
  });

  it('takes backends and matches that are left out for none', () => {
    const parsed = parseTrafficSplit({ metadata, spec: { service: 'shop', matches: null } });
    assert.ok('object' in parsed);
    assert.deepEqual([parsed.object.backends, parsed.object.routeGroups], [[], []]);
  });

  it('leaves weights below zero to the model, and refuses those that are no whole numbers', () => {
    const spec = (weight: unknown) => ({ service: 'shop', backends: [{ service: 'shop-v1', weight }] });
    assert.ok('object' in parseTrafficSplit({ metadata, spec: spec(-1) }));
    assert.deepEqual(
      ['500m', 0.5, undefined, 2 ** 60].map((weight) => messagesOf(spec(weight))[0]),
      [
        'spec.backends[0].weight is "500m", but must be a number',
        'spec.backends[0].weight is 0.5, but must be a whole number',
        'spec.backends[0].weight is missing: it must be a number',
        'spec.backends[0].weight is 1152921504606847000, but must be a whole number',
      ],
    );
  });

  it('refuses what names no service, and matches of another kind', () => {
    assert.deepEqual(messagesOf(undefined), ['spec is missing: it must be a mapping']);
    const [backend, match, root] = messagesOf({
      service: 'shop.store',
      backends: [{ service: 'Shop', weight: 1 }],
      matches: [{ kind: 'TCPRoute', name: 'db' }],
    });
    assert.match(backend ?? '', /^spec\.backends\[0\]\.service is "Shop", but must be at most 63 lower-case/);
    assert.equal(match, 'spec.matches[0].kind is "TCPRoute", but must be HTTPRouteGroup');
    assert.match(root ?? '', /^spec\.service is "shop\.store", but must be at most 63 lower-case/);
  });
});
