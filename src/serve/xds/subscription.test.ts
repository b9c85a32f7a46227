import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { typeUrls } from '../../translate/resources.ts';
import type { Limit } from './allowance.ts';
import { namesIn } from './batch.ts';
import type { Batch } from './batch.ts';
import type { DeltaRequest } from './request.ts';
import type { ResourceMap } from './snapshot.ts';
import { Subscription } from './subscription.ts';

const everything = { removeThrough: Infinity, spares: [] };

function mapOf(versions: Readonly<Record<string, string>>, size = 10): ResourceMap {
  const bytes = new Uint8Array(size);
  return new Map(
    Object.entries(versions)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, version]) => [
        name,
        { name, version, typeUrl: typeUrls.cluster, bytes, services: [`store/${name}`] },
      ]),
  );
}

function requestOf(about: Partial<DeltaRequest> = {}): DeltaRequest {
  return {
    typeUrl: typeUrls.cluster,
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
    responseNonce: '',
    ...about,
  };
}

/** A subscription that has had its first request and these resources. */
function subscribed(
  request: Partial<DeltaRequest>,
  versions: Readonly<Record<string, string>>,
): Subscription {
  const subscription = new Subscription(typeUrls.cluster, { maxBytes: 1000, maxResources: 4 });
  subscription.open(requestOf(request));
  subscription.advance(mapOf(versions), 1);
  return subscription;
}

/** Names that are sent, removed ones with a minus before them; undefined where nothing is. */
function sent(batch: Batch | undefined): string[] | undefined {
  if (batch === undefined) return undefined;
  return [
    ...batch.resources.map(({ name, version }) => `${name}=${version}`),
    ...batch.removed.map((name) => `-${name}`),
  ];
}

/** Accepts whatever is sent until nothing more is; returns it all. */
function drain(subscription: Subscription): (string[] | undefined)[] {
  const all = [];
  for (
    let batch = subscription.next(everything);
    batch !== undefined;
    batch = subscription.next(everything)
  ) {
    all.push(sent(batch));
    subscription.accept();
  }
  return all;
}

describe('Subscription', () => {
  it('sends everything to a client that asks for nothing in particular', () => {
    assert.deepEqual(drain(subscribed({}, { a: '1', b: '1' })), [['a=1', 'b=1']]);
  });

  it('sends everything to a client that asks for *', () => {
    assert.deepEqual(drain(subscribed({ resourceNamesSubscribe: ['*'] }, { a: '1' })), [['a=1']]);
  });

  it('tells a client that asks for everything if there is nothing, once', () => {
    assert.deepEqual(drain(subscribed({}, {})), [[]]);
  });

  it('sends only what is asked for by name, and says what there is not', () => {
    const subscription = subscribed({ resourceNamesSubscribe: ['a', 'x'] }, { a: '1', b: '1' });
    assert.deepEqual(drain(subscription), [['a=1', '-x']]);
    subscription.advance(mapOf({ a: '1', b: '2', x: '1' }), 2);
    assert.deepEqual(drain(subscription), [['x=1']], 'it is sent when it comes to be');
  });

  it('sends a resource again that the client asks for again', () => {
    const subscription = subscribed({ resourceNamesSubscribe: ['a'] }, { a: '1' });
    drain(subscription);
    subscription.change(requestOf({ resourceNamesSubscribe: ['a'] }));
    assert.deepEqual(drain(subscription), [['a=1']]);
  });

  it('sends nothing more about what the client no longer asks for', () => {
    const subscription = subscribed({ resourceNamesSubscribe: ['a', 'b'] }, { a: '1', b: '1' });
    drain(subscription);
    subscription.change(requestOf({ resourceNamesUnsubscribe: ['a', 'never-asked-for'] }));
    subscription.advance(mapOf({ a: '2', b: '2' }), 2);
    assert.deepEqual(drain(subscription), [['b=2']]);
  });

  it('answers when a name is given up that the wildcard may cover', () => {
    const subscription = subscribed({ resourceNamesSubscribe: ['*', 'a', 'x'] }, { a: '1' });
    drain(subscription);
    subscription.change(requestOf({ resourceNamesUnsubscribe: ['a', 'x'] }));
    assert.deepEqual(drain(subscription), [['a=1', '-x']]);
  });

  it('keeps what is asked for by name when the wildcard is given up', () => {
    const subscription = subscribed({ resourceNamesSubscribe: ['*', 'a'] }, { a: '1', b: '1' });
    drain(subscription);
    subscription.change(requestOf({ resourceNamesUnsubscribe: ['*'] }));
    subscription.advance(mapOf({ a: '2', b: '2' }), 2);
    assert.deepEqual(drain(subscription), [['a=2']]);
  });

  it('sends nothing that a client which reconnects holds, what has changed, and what is gone', () => {
    const initialResourceVersions = { same: '1', changed: '1', gone: '1' };
    const subscription = subscribed({ initialResourceVersions }, { same: '1', changed: '2', new: '1' });
    assert.deepEqual(drain(subscription), [['changed=2', 'new=1', '-gone']]);
    assert.deepEqual(drain(subscribed({ initialResourceVersions }, initialResourceVersions)), []);
  });

  it('does the same for a client that asks by name', () => {
    const subscription = subscribed(
      {
        resourceNamesSubscribe: ['same', 'changed', 'gone', 'never-held'],
        initialResourceVersions: { same: '1', changed: '1', gone: '1', 'not-asked-for': '1' },
      },
      { same: '1', changed: '2' },
    );
    assert.deepEqual(drain(subscription), [['changed=2', '-gone', '-never-held']]);
  });

  it('has one response under way, and sends what changed meanwhile as it is then', () => {
    const subscription = subscribed({}, { a: '1' });
    assert.deepEqual(sent(subscription.next(everything)), ['a=1']);
    assert.equal(subscription.isUnderWay, true);
    subscription.accept();
    subscription.advance(mapOf({ a: '2' }), 2);
    subscription.advance(mapOf({ a: '3' }), 3);
    assert.deepEqual(drain(subscription), [['a=3']]);
  });

  it('divides what is too much for one response, and gives what is bigger than one a response of its own', () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`n${index}`, '1']));
    assert.deepEqual(
      drain(subscribed({}, many)).map((one) => one?.length),
      [4, 4, 1],
    );
    const subscription = new Subscription(typeUrls.cluster, { maxBytes: 1000, maxResources: 4 });
    subscription.open(requestOf());
    subscription.advance(
      new Map([...mapOf({ a: '1' }), ...mapOf({ big: '1' }, 2000), ...mapOf({ c: '1' })]),
      1,
    );
    assert.deepEqual(drain(subscription), [['a=1'], ['big=1'], ['c=1']]);
  });

  it('does not send again what was rejected alone, until it changes', () => {
    const subscription = subscribed({}, { a: '1' });
    subscription.next(everything);
    assert.deepEqual(subscription.reject('no good'), {
      name: 'a',
      version: '1',
      services: ['store/a'],
      message: 'no good',
    });
    assert.deepEqual(drain(subscription), []);
    subscription.advance(mapOf({ a: '1', b: '1' }), 2);
    assert.deepEqual(drain(subscription), [['b=1']]);
    assert.deepEqual([...subscription.rejected.keys()], ['a']);
    assert.equal(subscription.settled, 2, 'what is rejected for good is not waited for');
    subscription.advance(mapOf({ a: '2', b: '1' }), 3);
    assert.deepEqual(drain(subscription), [['a=2']]);
    assert.equal(subscription.rejected.size, 0);
  });

  it('no longer counts as rejected what is again as the client holds it, or gone', () => {
    const subscription = subscribed({}, { a: '1', b: '1' });
    drain(subscription);
    for (const [sequence, last] of [[2, { a: '1', b: '1' }] as const, [4, { a: '1' }] as const]) {
      subscription.advance(mapOf({ a: '1', b: '2' }), sequence);
      subscription.next(everything);
      subscription.reject('no good');
      assert.deepEqual([...subscription.rejected.keys()], ['b']);
      assert.equal(subscription.hasStale, true);
      subscription.advance(mapOf(last), sequence + 1);
      drain(subscription);
      assert.equal(subscription.rejected.size, 0);
      assert.equal(subscription.hasStale, false);
    }
  });

  it('finds what is at fault in a rejected response, so that everything else is accepted', () => {
    const subscription = subscribed({}, { a: '1', b: 'bad', c: '1', d: '1' });
    const accepted: string[] = [];
    for (
      let batch = subscription.next(everything);
      batch !== undefined;
      batch = subscription.next(everything)
    ) {
      if (batch.resources.some(({ version }) => version === 'bad')) subscription.reject('no good');
      else accepted.push(...namesIn(subscription.accept() ?? { resources: [], removed: [] }));
    }
    assert.deepEqual(accepted.toSorted(), ['a', 'c', 'd']);
    assert.deepEqual([...subscription.rejected.keys()], ['b']);
  });

  it('sends again after a rejection also what is again as it was, because the client may have applied the change', () => {
    const subscription = subscribed({}, { a: '1', b: '1' });
    drain(subscription);
    subscription.advance(mapOf({ a: '2', b: 'bad' }), 2);
    subscription.next(everything);
    assert.equal(subscription.reject('no good'), undefined);
    subscription.advance(mapOf({ a: '1', b: '1' }), 3);
    assert.deepEqual(drain(subscription), [['a=1'], ['b=1']]);
    assert.deepEqual(drain(subscription), []);
  });

  it('lets good news pass between the parts of what was rejected', () => {
    const subscription = subscribed({}, { a: 'bad', b: 'bad', c: 'bad', d: 'bad' });
    subscription.next(everything);
    subscription.reject('no good');
    subscription.advance(mapOf({ a: 'bad', b: 'bad', c: 'bad', d: 'bad', news: '1' }), 2);
    assert.deepEqual(sent(subscription.next(everything)), ['a=bad', 'b=bad']);
    subscription.reject('no good');
    assert.deepEqual(sent(subscription.next(everything)), ['news=1']);
    subscription.accept();
    assert.deepEqual(sent(subscription.next(everything)), ['a=bad']);
  });

  it('keeps removals back as it is told, and counts them', () => {
    const subscription = subscribed({}, { a: '1', b: '1' });
    drain(subscription);
    subscription.advance(mapOf({ b: '1' }), 2);
    subscription.advance(mapOf({}), 3);
    assert.equal(subscription.leavingSince, 2);
    assert.equal(subscription.next({ removeThrough: 1, spares: [] }), undefined);
    assert.equal(subscription.arrived, 3);
    assert.equal(subscription.settled, 1);
    assert.deepEqual(sent(subscription.next({ removeThrough: 2, spares: [] })), ['-a']);
    subscription.accept();
    assert.equal(subscription.settled, 2);
    assert.deepEqual(sent(subscription.next(everything)), ['-b']);
    assert.equal(subscription.settled, 2, 'sent is not acknowledged');
    subscription.accept();
    assert.equal(subscription.settled, 3);
  });

  it('does not remove what has come back before it was removed', () => {
    const subscription = subscribed({}, { a: '1' });
    drain(subscription);
    subscription.advance(mapOf({}), 2);
    subscription.advance(mapOf({ a: '1' }), 3);
    assert.deepEqual(drain(subscription), []);
    assert.equal(subscription.settled, 3);
  });

  it('gives a client that asks for it what only a spare map has, and takes it away in the end', () => {
    const subscription = subscribed({ resourceNamesSubscribe: ['a'] }, {});
    assert.deepEqual(sent(subscription.next({ removeThrough: 0, spares: [mapOf({}), mapOf({ a: '1' })] })), [
      'a=1',
    ]);
    subscription.accept();
    assert.equal(subscription.next({ removeThrough: 0, spares: [mapOf({ a: '1' })] }), undefined);
    assert.deepEqual(drain(subscription), [['-a']]);
  });

  it('knows the oldest sequence of which something is missing', () => {
    const subscription = subscribed({}, { a: '1' });
    assert.equal(subscription.settled, 0);
    drain(subscription);
    assert.equal(subscription.settled, 1);
    subscription.advance(mapOf({ a: '2' }), 2);
    subscription.next(everything);
    assert.equal(subscription.settled, 1);
    subscription.accept();
    subscription.advance(mapOf({ a: '2' }), 3);
    assert.equal(subscription.settled, 3);
  });

  it('has nothing of snapshots that were passed over before it has what changed since', () => {
    const subscription = new Subscription(typeUrls.cluster, { maxBytes: 1000, maxResources: 4 });
    subscription.open(requestOf());
    subscription.advance(mapOf({ a: '1', b: '1' }), 7);
    assert.equal(subscription.settled, 0);
    drain(subscription);
    assert.equal(subscription.settled, 7);
    subscription.advance(mapOf({ a: '2' }), 10);
    assert.equal(subscription.arrived, 7);
    assert.deepEqual(sent(subscription.next({ ...everything, removeThrough: 0 })), ['a=2']);
    subscription.accept();
    assert.deepEqual([subscription.arrived, subscription.settled], [10, 7]);
    drain(subscription);
    assert.equal(subscription.settled, 10);
  });

  it('lacks what was due of a resource until that is away which is gone before the client got it', () => {
    const subscription = subscribed({}, { a: '1', b: '1', c: '1', d: '1', e: '1' });
    drain(subscription);
    subscription.advance(mapOf({ a: '2', b: '2', c: '2', d: '2', e: '2' }), 2);
    assert.deepEqual(sent(subscription.next(everything)), ['a=2', 'b=2', 'c=2', 'd=2']);
    subscription.accept();
    subscription.advance(mapOf({ a: '2', b: '2', c: '2', d: '2' }), 3);
    assert.equal(
      subscription.next({ removeThrough: 2, spares: [] }),
      undefined,
      'its users are not away yet',
    );
    assert.deepEqual([subscription.arrived, subscription.settled], [3, 1], 'it has e of the first');
    assert.deepEqual(sent(subscription.next(everything)), ['-e']);
    assert.equal(subscription.settled, 1);
    subscription.accept();
    assert.equal(subscription.settled, 3);
  });

  it('sends as much of a resource as a limit allows, and the rest when it allows more', () => {
    const subscription = subscribed({}, { a: '1' });
    drain(subscription);
    const part = mapOf({ a: 'part' }).get('a');
    const asked: (readonly string[])[] = [];
    const limit: Limit = (whole, held) => {
      asked.push(held);
      return part ?? whole;
    };
    subscription.advance(mapOf({ a: '2' }), 2);
    assert.deepEqual(sent(subscription.next({ ...everything, limit })), ['a=part']);
    subscription.accept();
    assert.deepEqual([subscription.arrived, subscription.settled], [2, 1]);
    assert.equal(subscription.next({ ...everything, limit }), undefined, 'the client has that part');
    assert.deepEqual(asked, [['1'], ['part']]);
    assert.equal(subscription.withholds, true);
    assert.deepEqual(drain(subscription), [['a=2']]);
    assert.deepEqual([subscription.withholds, subscription.settled], [false, 2]);
  });

  it('tells a limit every version that the client may hold', () => {
    const subscription = subscribed({}, { a: '1', b: '1' });
    drain(subscription);
    subscription.advance(mapOf({ a: '2', b: '2' }), 2);
    subscription.next(everything);
    subscription.reject('one of these');
    subscription.advance(mapOf({ a: '3', b: '2' }), 3);
    const asked: (readonly string[])[] = [];
    subscription.next({ ...everything, limit: (whole, held) => (asked.push(held), whole) });
    assert.deepEqual(asked, [['1', '2']]);
  });

  it('has nothing to say to an answer when nothing is under way', () => {
    const subscription = subscribed({}, { a: '1' });
    assert.equal(subscription.accept(), undefined);
    assert.equal(subscription.reject('why'), undefined);
    assert.deepEqual(drain(subscription), [['a=1']]);
  });

  it('stores next to nothing for a client at rest, however much it holds', () => {
    const versions = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`n${index}`, '1']));
    for (const request of [
      {},
      { resourceNamesSubscribe: Object.keys(versions) },
      { initialResourceVersions: versions },
    ]) {
      const subscription = subscribed(request, versions);
      drain(subscription);
      assert.ok(subscription.storedCount < 10, String(subscription.storedCount));
    }
  });
});
