// What the fault proxy tells a watch again is something that happened, whatever happened.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { WatchHistory } from '../kit/faults/watch-history.ts';
import { Random } from '../kit/mutations/random.ts';

const uids = ['a', 'b', 'c', 'd'];

/** Tells of one event at each revision from 1 on, to one client, and to another that lags behind it. */
function tell(objects: readonly string[]): {
  readonly history: WatchHistory;
  readonly lines: readonly string[];
} {
  const history = new WatchHistory();
  history.begin(0n);
  const lines = objects.map((uid, index) => `${uid} ${index + 1}`);
  const add = (line: string): void => {
    const [uid = '', resourceVersion = ''] = line.split(' ');
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: uid, uid, resourceVersion } };
    history.add(line, { type: 'MODIFIED', object });
  };
  lines.forEach((line, index) => {
    add(line);
    const lagging = lines[index - 2];
    if (lagging !== undefined) add(lagging);
  });
  return { history, lines };
}

test('the last events come again, each object’s own in their order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...uids), { maxLength: 40 }),
      fc.nat(45),
      fc.nat(45),
      fc.nat(),
      (objects, revision, events, seed) => {
        const { history, lines } = tell(objects);
        const again = history.upTo(BigInt(revision), { events, random: new Random(seed) });
        const wanted = events === 0 ? [] : lines.slice(0, revision).slice(-events);
        assert.deepEqual(again.toSorted(), wanted.toSorted());
        for (const uid of uids) {
          const own = (all: readonly string[]): string[] => all.filter((line) => line.startsWith(uid));
          assert.deepEqual(own(again), own(wanted));
        }
      },
    ),
  );
});

test('where something may have happened unseen, nothing from before it comes again', () => {
  const { history } = tell(['a', 'b', 'c']);
  const options = { events: 10, random: new Random(1) };
  history.begin(2n);
  assert.equal(history.upTo(3n, options).length, 3);
  history.begin(5n);
  assert.deepEqual(history.upTo(9n, options), []);
  const metadata = { name: 'd', uid: 'd', resourceVersion: '6' };
  history.add('d 6', { type: 'DELETED', object: { apiVersion: 'v1', kind: 'Pod', metadata } });
  assert.deepEqual(history.upTo(6n, options), ['d 6']);
  assert.deepEqual(history.upTo(4n, options), []);
});

test('a thousand events are remembered', () => {
  const { history, lines } = tell(Array.from({ length: 1_005 }, () => 'a'));
  const options = { events: 2_000, random: new Random(1) };
  assert.deepEqual(history.upTo(1_005n, options), lines.slice(5));
  assert.deepEqual(history.upTo(4n, options), []);
});
