import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { FakeLease, goodCall, wind, type LeaseCall } from '../../test/kit/fake-lease.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { failure } from './kube-error.ts';
import { leases } from './lease-record.ts';
import { LeaseElector, type LeaseElectorOptions } from './lease.ts';

const lost: LeaseCall = { thereMs: 1, backMs: 1, lost: 'question' };

/** A candidate that takes part. */
class Candidate {
  readonly elector: LeaseElector;
  readonly log = new RecordLog();
  readonly leaders: string[] = [];
  readonly done: Promise<void>;
  /** How its calls go from now on. */
  call: LeaseCall = goodCall;
  /** Whether its work runs. */
  works = false;
  /** How often it began. */
  terms = 0;
  readonly #stop = new AbortController();

  constructor(lease: FakeLease, clock: FakeClock, options: Partial<LeaseElectorOptions>) {
    this.elector = new LeaseElector({
      store: lease.store(() => this.call),
      identity: 'a',
      lead: async (signal) => {
        this.works = true;
        this.terms += 1;
        if (!signal.aborted) await once(signal, 'abort');
        this.works = false;
      },
      onLeader: (leader) => this.leaders.push(leader),
      log: this.log,
      clock,
      random: () => 0,
      ...options,
    });
    this.done = this.elector.run(this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
  }
}

function candidate(
  lease: FakeLease,
  clock: FakeClock,
  options: Partial<LeaseElectorOptions> = {},
): Candidate {
  return new Candidate(lease, clock, options);
}

function start(): { clock: FakeClock; lease: FakeLease } {
  const clock = new FakeClock();
  return { clock, lease: new FakeLease(clock) };
}

async function end(clock: FakeClock, ...candidates: readonly Candidate[]): Promise<void> {
  for (const each of candidates) each.stop();
  await wind(clock, 1_000);
  await Promise.all(candidates.map(({ done }) => done));
  assert.equal(clock.waiting, 0);
}

suite('LeaseElector', () => {
  test('the first to come leads and renews; another waits', async () => {
    const { clock, lease } = start();
    const a = candidate(lease, clock);
    await wind(clock, 1_000);
    assert.ok(a.works && a.elector.isLeading);
    assert.deepEqual(lease.current?.record, {
      holder: 'a',
      durationMs: 15_000,
      acquireTime: undefined,
      transitions: 0,
    });
    const b = candidate(lease, clock, { identity: 'b' });
    await wind(clock, 60_000);
    assert.ok(a.works && a.elector.isLeading && !b.works && !b.elector.isLeading);
    assert.equal(a.terms, 1);
    assert.ok(clock.now() - lease.writtenAt <= 2_500);
    assert.deepEqual([a.elector.leader, b.elector.leader], ['a', 'a']);
    await end(clock, b, a);
    assert.deepEqual(
      a.log.lines.map(({ message }) => message),
      ['This replica leads', 'This replica leads no more: it gave its Lease back'],
    );
  });

  test('one that stops gives the Lease back when its work has ended, and the next takes it at its next look', async () => {
    const { clock, lease } = start();
    const finish = Promise.withResolvers<void>();
    let isAsked = false;
    const a = candidate(lease, clock, {
      lead: async (signal) => {
        await once(signal, 'abort');
        isAsked = true;
        await finish.promise;
      },
    });
    await wind(clock, 1_000);
    const b = candidate(lease, clock, { identity: 'b' });
    a.stop();
    await wind(clock, 60_000);
    assert.ok(isAsked && !b.works, 'the work of the first has not ended, so its Lease is renewed');
    finish.resolve();
    await wind(clock, 2_500);
    await a.done;
    assert.ok(b.works);
    assert.equal(lease.current?.record.transitions, 1);
    assert.deepEqual(b.leaders, ['a', '', 'b']);
    await end(clock, b);
  });

  test('one that dies is replaced as soon as its Lease is over, and no sooner', async () => {
    const { clock, lease } = start();
    const a = candidate(lease, clock);
    await wind(clock, 1_000);
    const b = candidate(lease, clock, { identity: 'b' });
    await wind(clock, 10_000);
    a.call = lost;
    const renewedAt = lease.writtenAt;
    await wind(clock, 14_900 - (clock.now() - renewedAt));
    assert.ok(!b.works && !a.works);
    await wind(clock, 2_200);
    assert.ok(b.works, 'within the Lease and one look');
    a.call = goodCall;
    await wind(clock, 5_000);
    assert.ok(b.works && !a.works && a.elector.leader === 'b');
    await end(clock, a, b);
  });

  test('one that cannot renew stops before its Lease is over, and leads again when it can', async () => {
    const { clock, lease } = start();
    const a = candidate(lease, clock);
    await wind(clock, 1_000);
    const { writtenAt } = lease;
    a.call = lost;
    await wind(clock, writtenAt + 9_800 - clock.now());
    assert.ok(a.works);
    await wind(clock, 300);
    assert.ok(!a.works && !a.elector.isLeading);
    assert.ok(clock.now() - writtenAt <= 10_100);
    a.call = goodCall;
    await wind(clock, 3_000);
    assert.ok(a.works);
    assert.equal(a.terms, 2);
    assert.deepEqual(
      a.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
      [
        'Cannot read or write the Lease: trying again',
        'This replica leads no more: another has the Lease, or it could not be renewed in time',
      ],
    );
    await end(clock, a);
  });

  test('a server that answers nothing costs the Lease no sooner than one that refuses', async () => {
    const { clock, lease } = start();
    const a = candidate(lease, clock);
    await wind(clock, 1_000);
    a.call = { thereMs: 60_000, backMs: 0, lost: 'question' };
    await wind(clock, 2_500);
    a.call = goodCall;
    await wind(clock, 30_000);
    assert.equal(a.terms, 1);
    assert.match(String(a.log.lines[1]?.fields['error']), /does not answer/);
    await wind(clock, 60_000);
    await end(clock, a);
  });

  test('what only somebody can mend is an error, said once', async () => {
    const { clock, lease } = start();
    const failed = { reason: 'NotFound', why: 'namespaces "maesh" not found', status: 404 };
    const error = failure({ verb: 'create', target: { type: leases } }, failed);
    const write = (): Promise<never> => Promise.reject(error);
    const a = candidate(lease, clock, { store: { ...lease.store(() => goodCall), write } });
    await wind(clock, 10_000);
    assert.deepEqual(a.log.lines, [
      {
        level: 'error',
        message: 'Cannot read or write the Lease: trying again',
        fields: { error: error.message },
      },
    ]);
    await end(clock, a);
  });

  test('a renewal whose answer got lost is no loss', async () => {
    const { clock, lease } = start();
    const a = candidate(lease, clock);
    await wind(clock, 1_000);
    for (let i = 0; i < 4; i++) {
      a.call = { ...goodCall, lost: 'answer' };
      await wind(clock, 2_100);
      a.call = goodCall;
      await wind(clock, 4_100);
    }
    assert.equal(a.terms, 1);
    assert.ok(a.works);
    await end(clock, a);
  });

  test('a Lease that another has taken, or somebody deleted, is noticed at the next renewal', async () => {
    const { clock, lease } = start();
    const a = candidate(lease, clock);
    await wind(clock, 1_000);
    const record = { holder: 'x', durationMs: 15_000, acquireTime: undefined, transitions: 9 };
    lease.current = { record, version: 'x1' };
    await wind(clock, 2_200);
    assert.ok(!a.works);
    assert.equal(a.elector.leader, 'x');
    await wind(clock, 15_000);
    assert.ok(a.works);
    assert.equal(lease.current.record.transitions, 10);
    lease.current = undefined;
    await wind(clock, 5_000);
    assert.equal(a.terms, 3);
    await end(clock, a);
  });

  test('work that ends by itself gives the Lease back, and may have it again', async () => {
    const { clock, lease } = start();
    let terms = 0;
    const a = candidate(lease, clock, {
      lead: () => {
        terms += 1;
        return Promise.resolve();
      },
    });
    await wind(clock, 1_000);
    assert.equal(terms, 1);
    await wind(clock, 10_000);
    assert.ok(terms > 1 && terms < 10, `${terms} terms`);
    await end(clock, a);
    assert.equal(lease.current?.record.holder, '');
  });

  test('work that fails ends the election with its error, and gives the Lease back', async () => {
    const { clock, lease } = start();
    const a = candidate(lease, clock, { lead: () => Promise.reject(new RangeError('mistake')) });
    const ended = assert.rejects(a.done, RangeError);
    await wind(clock, 1_000);
    await ended;
    assert.equal(lease.current?.record.holder, '');
  });

  test('what is no failure of the server is not taken for one', async () => {
    const clock = new FakeClock();
    const elector = new LeaseElector({
      store: {
        read: () => Promise.reject(new TypeError('mistake')),
        write: () => Promise.resolve(undefined),
      },
      identity: 'a',
      lead: () => Promise.resolve(),
      log: new RecordLog(),
      clock,
    });
    await assert.rejects(elector.run(new AbortController().signal), TypeError);
  });

  test('times that do not fit together are refused', () => {
    const { clock, lease } = start();
    for (const timing of [
      { leaseMs: 10, renewDeadlineMs: 10, retryMs: 1 },
      { leaseMs: 10, renewDeadlineMs: 5, retryMs: 5 },
    ]) {
      assert.throws(() => candidate(lease, clock, { timing }), RangeError);
    }
  });
});
