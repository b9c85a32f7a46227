import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeTrafficTarget } from '../../model/objects.ts';
import { parseTrafficTarget } from './traffic-target.ts';

const metadata = { name: 'api', namespace: 'store' };
const destination = { kind: 'ServiceAccount', name: 'shop', namespace: 'store' };
const sources = [{ kind: 'ServiceAccount', name: 'web', namespace: 'front' }];
const rules = [{ kind: 'HTTPRouteGroup', name: 'api', matches: ['read'] }];

function targetOf(value: unknown): KubeTrafficTarget {
  const parsed = parseTrafficTarget(value);
  assert.ok('object' in parsed, JSON.stringify(parsed));
  return parsed.object;
}

function messagesOf(value: unknown): readonly string[] {
  const parsed = parseTrafficTarget(value);
  assert.ok('problems' in parsed, JSON.stringify(parsed));
  return parsed.problems.map(({ message }) => message);
}

describe('parseTrafficTarget()', () => {
  it('reads destination, sources and rules', () => {
    const target = targetOf({
      metadata,
      spec: { destination: { ...destination, port: 80 }, sources, rules },
    });
    assert.deepEqual(target, {
      kind: 'TrafficTarget',
      namespace: 'store',
      name: 'api',
      labels: {},
      destination,
      port: 80,
      sources,
      rules,
    });
  });

  it('reads the form of v1alpha1, with its port as text', () => {
    const spec = targetOf({ metadata, spec: { destination: { ...destination, port: 80 }, sources, rules } });
    const flat = { metadata, destination: { ...destination, port: '80' }, sources, specs: rules };
    assert.deepEqual(targetOf(flat), spec);
  });

  it('takes a destination without namespace for one of its own, and leaves a source without one without', () => {
    const target = targetOf({
      metadata,
      spec: { destination: { name: 'shop' }, sources: [{ name: 'web' }] },
    });
    assert.deepEqual(target.destination, destination);
    assert.deepEqual(target.sources, [{ kind: 'ServiceAccount', name: 'web', namespace: '' }]);
    assert.deepEqual([target.port, target.rules], [undefined, []]);
  });

  it('takes 0 and empty text for no port', () => {
    for (const port of [0, '0', '', null]) {
      assert.equal(targetOf({ metadata, spec: { destination: { ...destination, port } } }).port, undefined);
    }
  });

  it('refuses ports that are none, and rules of kinds that it does not know', () => {
    for (const port of [70_000, '70000', 'web', -1]) {
      const [message] = messagesOf({ metadata, spec: { destination: { ...destination, port } } });
      assert.match(message ?? '', /^spec\.destination\.port is .*, but must be a port from 1 to 65535$/);
    }
    assert.deepEqual(
      messagesOf({ metadata, spec: { destination, rules: [{ kind: 'GRPCRoute', name: 'a' }] } }),
      ['spec.rules[0].kind is "GRPCRoute", but must be one of HTTPRouteGroup, TCPRoute, UDPRoute'],
    );
  });

  it('names the fields of the form that the object has', () => {
    assert.deepEqual(messagesOf({ metadata, destination: {} }), [
      'destination.name is missing: it must be text',
    ]);
    assert.deepEqual(messagesOf({ metadata }), ['spec is missing: it must be a mapping']);
    assert.deepEqual(messagesOf({ metadata, spec: {} }), [
      'spec.destination is missing: it must be a mapping',
    ]);
  });
});
