import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { clientOf, replies, type Seen } from '../../test/kit/kube-answers.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { until } from '../../test/kit/until.ts';
import { ReplicaLease, type PodGiven } from './replica-lease.ts';

interface Running extends AsyncDisposable {
  readonly lease: ReplicaLease;
  readonly clock: FakeClock;
  readonly log: RecordLog;
  /** Requests so far, oldest first. */
  readonly seen: readonly Seen[];
  /** The status with which the server answers. */
  readonly server: { status: number };
  /** Resolves when so many writes have been answered. */
  readonly wrote: (count: number) => Promise<void>;
  /** Lets time pass, once the lease waits for that. */
  readonly pass: (ms: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function start({ pod, status = 200 }: { pod?: PodGiven; status?: number } = {}): Promise<Running> {
  const server = { status };
  const object = { metadata: { namespace: 'maesh', name: 'r', resourceVersion: '1' } };
  const { client, seen } = await clientOf((request, response) =>
    replies(server.status, object)(request, response),
  );
  const clock = new FakeClock();
  const log = new RecordLog();
  const options = { client, namespace: 'maesh', name: 'r', holder: 'pod-1', proxies: () => 3 };
  const lease = new ReplicaLease({ ...options, pod, log, clock });
  const end = new AbortController();
  const running = lease.run(end.signal);
  const stop = async (): Promise<void> => {
    end.abort();
    await running;
  };
  const idle = async (): Promise<void> =>
    void (await until('it to wait', () => clock.waiting > 0 || undefined));
  return {
    lease,
    clock,
    log,
    seen,
    server,
    async wrote(count) {
      await until(`${count} writes`, () => (seen.length === count ? true : undefined));
      await idle();
    },
    async pass(ms) {
      await idle();
      clock.advance(ms);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const bodyOf = (seen: Seen | undefined): Record<string, Record<string, unknown>> =>
  JSON.parse(seen?.body ?? '{}') as Record<string, Record<string, unknown>>;
function acknowledgedIn(seen: Seen | undefined): string | undefined {
  const annotations = bodyOf(seen)['metadata']?.['annotations'] as
    | Readonly<Record<string, string>>
    | undefined;
  return annotations?.['mesh.traefik.io/acknowledged'];
}

describe('ReplicaLease', () => {
  it('is there from the start, belongs to its pod, and goes with a clean end', async () => {
    await using running = await start({ pod: { name: 'pod-1', uid: 'u' } });
    await running.lease.created;
    const [first] = running.seen;
    assert.equal(first?.method, 'PATCH');
    const { metadata, spec } = bodyOf(first);
    assert.deepEqual(metadata?.['labels'], { app: 'maesh', component: 'controller' });
    assert.deepEqual(metadata['ownerReferences'], [
      { apiVersion: 'v1', kind: 'Pod', name: 'pod-1', uid: 'u' },
    ]);
    assert.equal(acknowledgedIn(first), undefined);
    assert.deepEqual([spec?.['holderIdentity'], spec?.['leaseDurationSeconds']], ['pod-1', 40]);
    await running.stop();
    assert.equal(running.seen.at(-1)?.method, 'DELETE');
    assert.deepEqual(running.log.lines, []);
  });

  it('is renewed from time to time, with what has been acknowledged by then', async () => {
    await using running = await start();
    await running.wrote(1);
    for (let version = 1; version <= 100; version++) running.lease.acknowledge(String(version), undefined);
    await running.pass(1_000);
    await running.pass(8_999);
    assert.equal(running.seen.length, 1, 'nobody waits for it');
    await running.pass(1);
    await running.wrote(2);
    assert.equal(acknowledgedIn(running.seen[1]), '100');
  });

  it('says at once what somebody waits for, though not more often than once a second', async () => {
    await using running = await start();
    await running.wrote(1);
    await running.pass(1_000);
    await until('the longer wait', () => running.clock.waiting > 0 || undefined);
    running.lease.acknowledge('5', '7');
    await running.wrote(2);
    running.lease.acknowledge('6', '7');
    running.lease.acknowledge('7', '7');
    await running.pass(999);
    assert.equal(running.seen.length, 2);
    await running.pass(1);
    await running.wrote(3);
    assert.deepEqual(running.seen.map(acknowledgedIn), [undefined, '5', '7']);
    running.lease.acknowledge('8', '7');
    await running.pass(1_000);
    await running.pass(8_999);
    assert.equal(running.seen.length, 3, 'nobody waits for more');
  });

  it('is not there before it could be written, and says once that it cannot be', async () => {
    await using running = await start({ status: 403 });
    let isCreated = false;
    void running.lease.created.then(() => (isCreated = true));
    await running.wrote(1);
    await running.pass(1_000);
    await running.wrote(2);
    assert.equal(isCreated, false);
    assert.deepEqual(
      running.log.lines.map(({ level, message }) => `${level} ${message}`),
      ['error Cannot write the Lease of this replica: trying again'],
    );
    running.server.status = 200;
    await running.pass(1_000);
    await running.lease.created;
  });
});
