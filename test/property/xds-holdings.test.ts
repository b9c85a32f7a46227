// Holdings stores differences; whatever is done to it, it must say what a plain map would.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { Holdings } from '../../src/serve/xds/holdings.ts';
import type { Holding } from '../../src/serve/xds/holdings.ts';
import { noResources } from '../../src/serve/xds/snapshot.ts';
import type { ResourceMap } from '../../src/serve/xds/snapshot.ts';
import { typeUrls } from '../../src/translate/resources.ts';

const names = Array.from({ length: 300 }, (_, index) => `name-${String(index).padStart(3, '0')}`);
const nothing: Holding = { named: false, version: undefined };

/** Holdings as a plain map. */
class PlainHoldings {
  readonly all = new Map<string, Holding>();
  wildcard = false;
  /** The last name that the client was given in the order of the map. */
  last = '';

  get(name: string): Holding {
    return this.all.get(name) ?? nothing;
  }
}

type Step = (holdings: Holdings, plain: PlainHoldings) => void;

const range = fc
  .tuple(fc.nat(299), fc.nat(299))
  .map(([a, b]) => names.slice(Math.min(a, b), Math.max(a, b) + 1));

/** The client comes to hold, by the usual subscription, what the map says. */
const follow = range.map((some): Step => (holdings, plain) => {
  for (const name of some) {
    const version = holdings.resources.get(name)?.version;
    if (version === undefined) continue;
    const holding = { named: !plain.wildcard, version };
    holdings.set(name, holding);
    plain.all.set(name, holding);
  }
});

/** The client is given resources of the map: where they go on from those before, or anywhere. */
const hold = fc
  .tuple(
    fc.nat(120),
    fc.oneof(fc.constant('next' as const), fc.nat(299)),
    fc.subarray(names, { maxLength: 2 }),
  )
  .map(([count, from, others]): Step => {
    return (holdings, plain) => {
      const sorted = [...holdings.resources.values()];
      const start = from === 'next' ? sorted.findIndex(({ name }) => name > plain.last) : from;
      if (start === -1) return;
      const given = sorted.slice(start, start + count);
      plain.last = given.at(-1)?.name ?? plain.last;
      const more = others.flatMap((name) => holdings.resources.get(name) ?? []);
      given.push(...more.filter((one) => !given.includes(one)));
      holdings.hold(given);
      for (const { name, version } of given) {
        const { named } = plain.get(name);
        if (named || plain.wildcard) plain.all.set(name, { named, version });
      }
    };
  });

/** The client asks for resources that it does not hold yet. */
const ask = range.map((some): Step => (holdings, plain) => {
  for (const name of some) {
    if (plain.get(name).version !== undefined) continue;
    holdings.set(name, { named: true, version: undefined });
    plain.all.set(name, { named: true, version: undefined });
  }
});

const release = fc.subarray(names, { maxLength: 5 }).map((some): Step => (holdings, plain) => {
  for (const name of some) {
    holdings.release(name);
    plain.all.set(name, { named: plain.get(name).named, version: undefined });
  }
});

const change = fc
  .tuple(fc.subarray(names, { maxLength: 5 }), fc.boolean(), fc.constantFrom(undefined, '1', '2'))
  .map(([some, named, version]): Step => {
    return (holdings, plain) => {
      for (const name of some) {
        holdings.set(name, { named, version });
        plain.all.set(name, { named, version });
      }
    };
  });

const rebase = fc
  .tuple(range, fc.subarray(names, { maxLength: 3 }), fc.constantFrom('1', '2'))
  .map(([present, others, version]): Step => {
    const resources: ResourceMap = new Map(
      [...new Set([...present, ...others])].toSorted().map((name) => [
        name,
        {
          name,
          typeUrl: typeUrls.cluster,
          version: others.includes(name) ? version : '1',
          bytes: new Uint8Array(),
          services: [],
        },
      ]),
    );
    return (holdings) => holdings.rebase(resources);
  });

const addWildcard: Step = (holdings, plain) => {
  holdings.addWildcard();
  plain.wildcard = true;
};

const dropWildcard: Step = (holdings, plain) => {
  holdings.dropWildcard();
  plain.wildcard = false;
  for (const [name, { named }] of plain.all) if (!named) plain.all.delete(name);
};

const compact: Step = (holdings) => holdings.compact();

const step = fc.oneof(
  { weight: 3, arbitrary: follow },
  { weight: 4, arbitrary: hold },
  { weight: 2, arbitrary: ask },
  { weight: 1, arbitrary: release },
  { weight: 3, arbitrary: change },
  { weight: 3, arbitrary: rebase },
  { weight: 4, arbitrary: fc.constant(compact) },
  { weight: 1, arbitrary: fc.constantFrom(addWildcard, dropWildcard) },
);

test('Holdings says what a plain map would, whatever is done', () => {
  let shared = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const holdings = new Holdings();
      const plain = new PlainHoldings();
      for (const one of steps) {
        one(holdings, plain);
        if (holdings.storedCount * 2 < holdings.resources.size) shared += 1;
        assert.equal(holdings.wildcard, plain.wildcard);
        for (const name of names) {
          assert.deepEqual(holdings.get(name), plain.get(name), name);
          assert.equal(holdings.wants(name), plain.wildcard || plain.get(name).named);
        }
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(shared > 0, 'the compact form was reached');
});

test('Holdings stores next to nothing for a client that is being given what the map says', () => {
  const resources: ResourceMap = new Map(
    names.map((name) => [
      name,
      { name, typeUrl: typeUrls.cluster, version: '1', bytes: new Uint8Array(), services: [] },
    ]),
  );
  const holdings = new Holdings();
  holdings.addWildcard();
  holdings.rebase(resources);
  for (let start = 0; start < names.length; start += 70) {
    assert.deepEqual(holdings.get(names[start] ?? ''), nothing);
    holdings.hold([...resources.values()].slice(start, start + 70));
    assert.equal(holdings.storedCount, 0);
    assert.deepEqual(holdings.get(names[start] ?? ''), { named: false, version: '1' });
  }
});

test('Holdings stores next to nothing for a client that holds what the map says', () => {
  const resources: ResourceMap = new Map(
    names.map((name) => [
      name,
      { name, typeUrl: typeUrls.endpoints, version: '1', bytes: new Uint8Array(), services: [] },
    ]),
  );
  for (const byName of [true, false]) {
    const holdings = new Holdings();
    if (!byName) holdings.addWildcard();
    holdings.rebase(resources);
    for (const name of names) {
      holdings.set(name, { named: byName, version: '1' });
      holdings.compact();
    }
    assert.ok(holdings.storedCount < 10, `${holdings.storedCount}`);
    assert.deepEqual(holdings.get('name-000'), { named: byName, version: '1' });
  }
  assert.equal(noResources.size, 0);
});
