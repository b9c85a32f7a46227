import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { byText, portKey, type PortKey } from '../model/key.ts';
import { FoundShadows } from './found-shadows.ts';
import type { FoundShadow } from './shadow-reading.ts';
import type { ShadowPort } from './shadow.ts';

function found(name: string, service: string | undefined, meshPort: number): FoundShadow {
  const said = { labels: {}, annotations: {}, spec: {} };
  const ports = [{ name: '', port: 80, protocol: 'TCP' as const, meshPort }];
  return { name, uid: name, resourceVersion: '1', service, ports, resting: [], said };
}

const names = (shadows: FoundShadows, key: string): readonly string[] =>
  shadows.of(key).map(({ name }) => name);

describe('FoundShadows', () => {
  it('finds shadow Services by the service that they stand for', () => {
    const shadows = new FoundShadows();
    assert.deepEqual([...shadows.set('b', found('b', 'store/shop', 1))], ['store/shop']);
    shadows.set('a', found('a', 'store/shop', 2));
    shadows.set('c', found('c', 'store/cart', 3));
    assert.deepEqual([...shadows.keys()].toSorted(byText), ['store/cart', 'store/shop']);
    assert.deepEqual(names(shadows, 'store/shop'), ['a', 'b']);
    assert.deepEqual(names(shadows, 'store/none'), []);
  });

  it('keeps those that stand for nothing by their own name', () => {
    const shadows = new FoundShadows();
    assert.deepEqual([...shadows.set('x', found('x', undefined, 1))], ['/x']);
    assert.deepEqual(names(shadows, '/x'), ['x']);
    assert.deepEqual([...shadows.set('x', undefined)], ['/x']);
    assert.deepEqual([...shadows.keys()], []);
  });

  it('says both services where one stands for another than before', () => {
    const shadows = new FoundShadows();
    shadows.set('x', found('x', 'store/shop', 1));
    assert.deepEqual([...shadows.set('x', found('x', 'store/cart', 1))], ['store/shop', 'store/cart']);
    assert.deepEqual(names(shadows, 'store/shop'), []);
  });

  it('is about nothing where one was not there and is not', () => {
    assert.deepEqual([...new FoundShadows().set('x', undefined)], []);
  });

  it('has on record what the one says whose name sorts first', () => {
    const shadows = new FoundShadows();
    shadows.set('b', found('b', 'store/shop', 5001));
    shadows.set('a', found('a', 'store/shop', 5000));
    assert.deepEqual([...shadows.recorded()], [['store/shop/80', 5000]]);
    shadows.set('a', undefined);
    assert.deepEqual([...shadows.recorded()], [['store/shop/80', 5001]]);
  });

  it('has on record what those say that are there, whatever happened before', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const meshPort = fc.integer({ min: 5000, max: 5003 });
    const port = fc.record(
      {
        name: fc.constant(''),
        port: fc.integer({ min: 80, max: 82 }),
        protocol: fc.constantFrom('TCP', 'UDP'),
        meshPort,
        move: fc.record({ from: meshPort, to: meshPort }),
      },
      { requiredKeys: ['name', 'port', 'protocol', 'meshPort'] },
    );
    const value = fc.record({
      service: fc.constantFrom(undefined, 'store/shop', 'store/cart'),
      ports: fc.uniqueArray(port, { maxLength: 3, selector: (each) => `${each.port} ${each.protocol}` }),
    });
    const step = fc.tuple(name, fc.option(value, { nil: undefined }));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const shadows = new FoundShadows();
        const there = new Map<string, FoundShadow>();
        for (const [of, given] of steps) {
          const last = new Map(shadows.recorded());
          const lastMoves = new Map(shadows.moves());
          const next = given && { ...found(of, given.service, 0), ports: given.ports };
          const before = there.get(of);
          if (next === undefined) there.delete(of);
          else there.set(of, next);
          const about = [before, next].flatMap((each) => (each === undefined ? [] : [keyOf(each)]));
          assert.deepEqual(shadows.set(of, next), new Set(about));
          const changed = shadows.takeChanged();
          for (const key of new Set([...last.keys(), ...shadows.recorded().keys()])) {
            if (changed.has(key)) continue;
            assert.equal(shadows.recorded().get(key), last.get(key));
            assert.deepEqual(shadows.moves().get(key), lastMoves.get(key));
          }
          assert.equal(shadows.takeChanged().size, 0);
        }
        assert.deepEqual(
          shadows.recorded(),
          recomputed(there, ({ meshPort: number }) => number),
        );
        assert.deepEqual(
          shadows.moves(),
          recomputed(there, ({ move }) => move),
        );
        const keys = new Set([...there.values()].map(keyOf));
        assert.deepEqual(new Set(shadows.keys()), keys);
        for (const key of keys) {
          const those = [...there.values()].filter((each) => keyOf(each) === key);
          assert.deepEqual(
            shadows.of(key),
            those.toSorted((a, b) => byText(a.name, b.name)),
          );
        }
      }),
    );
  });
});

function keyOf({ name, service }: FoundShadow): string {
  return service ?? `/${name}`;
}

/** What the ports on record say, by service port. */
function recomputed<T>(
  there: ReadonlyMap<string, FoundShadow>,
  said: (port: ShadowPort) => T | undefined,
): ReadonlyMap<PortKey, T> {
  const all = new Map<PortKey, T>();
  // From the last to the first: the first has the last word.
  for (const shadow of [...there.values()].toSorted((a, b) => byText(b.name, a.name))) {
    for (const port of shadow.ports) {
      const value = said(port);
      if (value !== undefined) all.set(portKey(keyOf(shadow), port.port, port.protocol), value);
    }
  }
  return all;
}
