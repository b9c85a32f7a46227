import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { clientOf, failureOf, replies } from '../../test/kit/kube-answers.ts';
import { leaseStore } from './lease-record.ts';

const { signal } = new AbortController();
const name = { namespace: 'maesh', name: 'controller' };
const record = { holder: 'a', durationMs: 1_500, acquireTime: undefined, transitions: 3 };

interface Written {
  readonly metadata: object;
  readonly spec: Readonly<Record<string, unknown>>;
}

function lease(spec: object | undefined): object {
  return { metadata: { ...name, resourceVersion: '7' }, ...(spec && { spec }) };
}

suite('leaseStore()', () => {
  test('reads what client-go writes, and what is missing as nothing', async () => {
    let spec: object | undefined = {
      holderIdentity: 'pod-1_uid',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:10.000000Z',
      leaseTransitions: 2,
    };
    const { client, seen } = await clientOf((request, response) =>
      replies(200, lease(spec))(request, response),
    );
    const store = leaseStore(client, name);
    assert.deepEqual(await store.read(signal), {
      version: '7',
      record: {
        holder: 'pod-1_uid',
        durationMs: 15_000,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        transitions: 2,
      },
    });
    assert.equal(seen[0]?.url, '/apis/coordination.k8s.io/v1/namespaces/maesh/leases/controller');
    spec = undefined;
    assert.deepEqual((await store.read(signal))?.record, {
      holder: '',
      durationMs: 0,
      acquireTime: undefined,
      transitions: 0,
    });
  });

  test('creates the Lease where there is none, and changes only the version that was read', async () => {
    const { client, seen } = await clientOf((request, response) =>
      replies(request.method === 'POST' ? 201 : 200, lease({}))(request, response),
    );
    const store = leaseStore(client, name);
    await store.write(record, undefined, signal);
    await store.write({ ...record, acquireTime: '2026-01-01T00:00:00.000000Z' }, '7', signal);
    const [created, patched] = seen.map(({ body }) => JSON.parse(body) as Written);
    assert.deepEqual(
      seen.map(({ method }) => method),
      ['POST', 'PATCH'],
    );
    assert.deepEqual(created?.metadata, name);
    const { acquireTime, renewTime, ...spec } = created?.spec ?? {};
    assert.deepEqual(spec, { holderIdentity: 'a', leaseDurationSeconds: 2, leaseTransitions: 3 });
    assert.match(String(renewTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.equal(acquireTime, renewTime);
    assert.deepEqual(patched?.metadata, { resourceVersion: '7' });
    assert.equal(patched?.spec['acquireTime'], '2026-01-01T00:00:00.000000Z');
  });

  test('takes a conflict and a Lease that is gone for somebody else’s act, and hands on everything else', async () => {
    let status = 409;
    const { client } = await clientOf((request, response) => replies(status, {})(request, response));
    const store = leaseStore(client, name);
    assert.equal(await store.write(record, '7', signal), undefined);
    assert.equal(await store.write(record, undefined, signal), undefined);
    status = 404;
    assert.equal(await store.read(signal), undefined);
    assert.equal(await store.write(record, '7', signal), undefined);
    // There is no namespace to create it in.
    assert.equal((await failureOf(store.write(record, undefined, signal))).status, 404);
    status = 500;
    assert.equal((await failureOf(store.read(signal))).status, 500);
    assert.equal((await failureOf(store.write(record, '7', signal))).status, 500);
  });
});
