import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { Refused } from '../apply/told-refusals.ts';
import type { Problem } from '../model/problem.ts';
import type { AckEvent, NackEvent, Rejection } from '../serve/xds/observer.ts';
import { typeUrls } from '../translate/resources.ts';
import { Refusals } from './refusals.ts';

const proxy = { id: 'n', cluster: 'maesh', adminPort: undefined };
const refused: Rejection = {
  node: 'node-1',
  typeUrl: typeUrls.cluster,
  name: 'shop',
  version: '1',
  services: ['store/shop'],
  message: 'no',
};
const about = { proxy, typeUrl: typeUrls.cluster, sequence: 1 };
const nack: NackEvent = { ...about, message: 'no', rejected: refused };
const ack: AckEvent = { ...about, ms: 1 };

interface Started {
  readonly clock: FakeClock;
  readonly refusals: Refusals;
  /** What there was at each change. */
  readonly told: (readonly Problem[])[];
  now: readonly Rejection[];
  others: readonly Refused[];
  looks: number;
}

function start(): Started {
  const clock = new FakeClock();
  const told: (readonly Problem[])[] = [];
  const refusals: Refusals = new Refusals({
    rejections: () => {
      started.looks += 1;
      return started.now;
    },
    others: () => started.others,
    uidOf: (service) => (service === 'store/shop' ? 'uid-1' : undefined),
    onChange: () => told.push(refusals.problems),
    clock,
  });
  const started: Started = { clock, refusals, told, now: [], others: [], looks: 0 };
  return started;
}

describe('Refusals', () => {
  it('says what is refused of a service, once for all proxies, until it is accepted', () => {
    const started = start();
    const { clock, refusals, told } = started;
    const { rejected, acknowledged } = refusals.observer;
    started.now = [refused, { ...refused, node: 'node-2' }];
    rejected(nack);
    clock.advance(0);
    rejected(nack);
    clock.advance(1_000);
    assert.equal(started.looks, 2);
    assert.deepEqual(
      told.map((problems) => problems.map(({ subject, message }) => ({ subject, message }))),
      [
        [
          {
            subject: { kind: 'Service', namespace: 'store', name: 'shop', uid: 'uid-1' },
            message: 'a proxy refuses Cluster shop: no',
          },
        ],
      ],
    );
    started.now = [];
    acknowledged(ack);
    clock.advance(1_000);
    assert.deepEqual(refusals.problems, []);
    assert.equal(told.length, 2);
  });

  it('is the same whichever proxies refuse it, and passes over what was made of several services', () => {
    const started = start();
    const { clock, refusals, told } = started;
    started.now = [refused, { ...refused, name: 'block', services: ['store/shop', 'store/cart'] }];
    refusals.observer.rejected(nack);
    clock.advance(0);
    assert.deepEqual(
      refusals.problems.map(({ subject }) => subject.name),
      ['shop'],
    );
    started.now = [{ ...refused, node: 'node-2' }];
    refusals.observer.rejected(nack);
    clock.advance(1_000);
    assert.equal(told.length, 1);
  });

  it('says what others refuse, too, and once what both do', () => {
    const started = start();
    const { clock, refusals, told } = started;
    const { typeUrl, name, message } = refused;
    started.others = [{ typeUrl, name, message, service: 'store/shop' }];
    refusals.othersChanged();
    assert.equal(told.length, 1);
    started.now = [refused];
    refusals.observer.rejected(nack);
    clock.advance(1_000);
    started.others = [];
    refusals.othersChanged();
    assert.deepEqual(
      told.map((problems) => problems.length),
      [1],
    );
    started.now = [];
    refusals.observer.acknowledged(ack);
    clock.advance(1_000);
    assert.deepEqual(refusals.problems, []);
  });

  it('looks at nothing while nothing is refused, nor when it has ended', () => {
    const started = start();
    const { clock, refusals } = started;
    for (let index = 0; index < 10; index++) refusals.observer.acknowledged(ack);
    refusals.observer.rejected({ ...nack, rejected: undefined });
    clock.advance(10_000);
    assert.equal(started.looks, 0);
    refusals.observer.rejected(nack);
    refusals.stop();
    clock.advance(10_000);
    assert.equal(started.looks, 0);
  });
});
