import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { clientOf, failureOf } from '../../test/kit/kube-answers.ts';
import { silentLog } from '../runtime/log.ts';
import { StatusForm } from './status-form.ts';
import { statusKey, type WantedStatus } from './status.ts';

const { signal } = new AbortController();
const kinds = [{ kind: 'TCPRoute', group: 'specs.smi-spec.io', versions: ['v1alpha4'], plural: 'tcproutes' }];
const object = { kind: 'TCPRoute', namespace: 'store', name: 'db', uid: 'uid-1' };
const key = statusKey(object);

function wantedStatus(message: string): WantedStatus {
  return { object, complaint: { reason: 'RouteRegex', message, observedGeneration: 1 } };
}

/** A form, and the only object that its server has. */
async function written(): Promise<{
  /** Brings about what is wanted. */
  readonly bring: (wanted: WantedStatus | undefined) => Promise<unknown>;
  /** What the status complains of; undefined: of nothing. */
  readonly said: () => string | undefined;
  readonly writes: () => number;
  /** What becomes of writes: `lost` is done, but not answered. */
  readonly server: { writes: 'done' | 'lost' | 'refused' };
}> {
  const server: { writes: 'done' | 'lost' | 'refused' } = { writes: 'done' };
  let said: string | undefined;
  const { client, seen } = await clientOf((request, response) => {
    const isWrite = request.method === 'PATCH';
    const isRefused = isWrite && server.writes === 'refused';
    if (isWrite && !isRefused) said = /"message":"([^"]*)"/.exec(seen.at(-1)?.body ?? '')?.[1];
    if (isWrite && server.writes === 'lost') response.destroy();
    else response.writeHead(isRefused ? 422 : 200).end(JSON.stringify(answerTo(request.url ?? '')));
  });
  const form = new StatusForm({
    client,
    kinds,
    namespaces: undefined,
    log: silentLog,
    clock: new FakeClock(),
  });
  const bring = async (wanted: WantedStatus | undefined): Promise<unknown> =>
    await form.bring(key, wanted, async (call) => await call(signal));
  const writes = (): number => seen.filter(({ method }) => method === 'PATCH').length;
  return { bring, said: () => said, writes, server };
}

/** What a server says of the group and of the object. */
function answerTo(path: string): object {
  if (path.includes('/namespaces/')) {
    return { metadata: { namespace: 'store', name: 'db', uid: 'uid-1', resourceVersion: '7' } };
  }
  return { resources: [{ name: 'tcproutes' }, { name: 'tcproutes/status' }] };
}

describe('StatusForm', () => {
  it('takes a complaint back whose writing was not answered', async () => {
    const { bring, said, server } = await written();
    server.writes = 'lost';
    await failureOf(bring(wantedStatus('it is wrong')));
    server.writes = 'done';
    assert.equal(said(), 'it is wrong');
    await bring(undefined);
    assert.equal(said(), undefined);
  });

  it('writes again what it wrote before, where what it wrote between was not answered', async () => {
    const { bring, said, server } = await written();
    for (const between of [wantedStatus('so is this'), undefined]) {
      await bring(wantedStatus('it is wrong'));
      server.writes = 'lost';
      await failureOf(bring(between));
      server.writes = 'done';
      assert.notEqual(said(), 'it is wrong');
      await bring(wantedStatus('it is wrong'));
      assert.equal(said(), 'it is wrong');
    }
  });

  it('takes nothing back that the server refused', async () => {
    const { bring, writes, server } = await written();
    server.writes = 'refused';
    await failureOf(bring(wantedStatus('it is wrong')));
    await bring(undefined);
    assert.equal(writes(), 1);
  });
});
