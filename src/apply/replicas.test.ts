import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { clientOf, replies, type Seen } from '../../test/kit/kube-answers.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { Replicas } from './replicas.ts';
import { refusedText, type Refused } from './told-refusals.ts';

const { signal } = new AbortController();

/** What replicas have acknowledged by the names of their Leases; undefined: they have not said. */
type Given = Readonly<Record<string, string | undefined>>;

interface Looking {
  readonly replicas: Replicas;
  readonly clock: FakeClock;
  readonly log: RecordLog;
  readonly seen: readonly Seen[];
  /** What the server answers with. */
  readonly server: {
    status: number;
    leases: Given;
    version: number;
    refusesDeletion: boolean;
    /** What every Lease says that proxies refuse. */
    refused: readonly Refused[];
  };
  /** How often it was told that something else is refused. */
  readonly said: () => number;
}

async function look(leases: Given): Promise<Looking> {
  const server: Looking['server'] = { status: 200, leases, version: 1, refusesDeletion: false, refused: [] };
  let said = 0;
  const { client, seen } = await clientOf((request, response) => {
    const items = Object.entries(server.leases).map(([name, acknowledged]) => ({
      metadata: {
        namespace: 'maesh',
        name,
        // The last one is never renewed.
        resourceVersion: name === 'dead' ? '1' : String(server.version),
        annotations: {
          ...(acknowledged !== undefined && { 'mesh.traefik.io/acknowledged': acknowledged }),
          'mesh.traefik.io/connected-proxies': '2',
          'mesh.traefik.io/refused': refusedText(server.refused),
        },
      },
    }));
    const isConflict = request.method === 'DELETE' && server.refusesDeletion;
    replies(isConflict ? 409 : server.status, { metadata: { resourceVersion: '1' }, items })(
      request,
      response,
    );
  });
  const [clock, log] = [new FakeClock(), new RecordLog()];
  const replicas = new Replicas({
    client,
    namespace: 'maesh',
    ownLease: 'own',
    log,
    clock,
    staleMs: 300_000,
    onRefused: () => (said += 1),
  });
  return { replicas, clock, log, seen, server, said: () => said };
}

describe('Replicas', () => {
  it('have acknowledged what the last of them has, as numbers', async () => {
    const { replicas, seen } = await look({ own: '100', a: '99', b: '1000' });
    assert.equal(await replicas.acknowledged(signal), '99');
    assert.equal(replicas.proxies, 6);
    assert.match(seen[0]?.url ?? '', /labelSelector=app%3Dmaesh%2Ccomponent%3Dcontroller/);
    assert.doesNotMatch(seen[0]?.url ?? '', /resourceVersion/);
  });

  it('have not where one has not said, or has said what is no version, or where our own is missing', async () => {
    const { replicas, server } = await look({ own: '100', a: undefined });
    assert.equal(await replicas.acknowledged(signal), undefined);
    server.leases = { own: '100', a: 'x' };
    assert.equal(await replicas.acknowledged(signal), undefined);
    server.leases = { a: '100' };
    assert.equal(await replicas.acknowledged(signal), undefined);
    server.leases = {};
    assert.equal(await replicas.acknowledged(signal), undefined);
  });

  it('are taken for dead when they have not renewed their Lease for long, by our clock', async () => {
    const { replicas, clock, seen, server, log } = await look({ own: '100', dead: '7' });
    for (let seconds = 0; seconds < 300; seconds++) {
      server.version += 1;
      assert.equal(await replicas.acknowledged(signal), '7');
      clock.advance(seconds < 299 ? 1_000 : 999);
    }
    assert.deepEqual(new Set(seen.map(({ method }) => method)), new Set(['GET']));
    clock.advance(1);
    await replicas.acknowledged(signal);
    const last = seen.at(-1);
    assert.equal(last?.method, 'DELETE');
    assert.match(last.url, /leases\/dead$/);
    assert.match(last.body, /"preconditions":\{"resourceVersion":"1"\}/);
    assert.match(log.lines[0]?.message ?? '', /has not renewed it/);
    server.leases = { own: '100' };
    assert.equal(await replicas.acknowledged(signal), '100');
  });

  it('are left alone where they renew their Lease at the last moment, or are gone by then', async () => {
    const { replicas, clock, seen, server, log } = await look({ own: '100', dead: '7' });
    server.refusesDeletion = true;
    for (let minutes = 0; minutes < 6; minutes++) {
      server.version += 1;
      assert.equal(await replicas.acknowledged(signal), '7');
      clock.advance(60_000);
    }
    assert.ok(seen.some(({ method }) => method === 'DELETE'));
    assert.deepEqual(log.lines, []);
  });

  it('are not taken for dead because nobody could renew or look for long', async () => {
    const { replicas, clock, seen, server } = await look({ own: '100', a: '7' });
    assert.equal(await replicas.acknowledged(signal), '7');
    server.status = 500;
    for (let minutes = 0; minutes < 6; minutes++) {
      clock.advance(60_000);
      assert.equal(await replicas.acknowledged(signal), undefined);
    }
    server.status = 200;
    assert.equal(await replicas.acknowledged(signal), '7');
    // Nothing rests for long, so nobody looks.
    clock.advance(3_600_000);
    assert.equal(await replicas.acknowledged(signal), '7');
    assert.deepEqual(new Set(seen.map(({ method }) => method)), new Set(['GET']));
  });

  it('say what the proxies of others refuse, and when that is another', async () => {
    const { replicas, server, said } = await look({ own: '100', a: '99' });
    const refused = { typeUrl: 'Cluster', name: 'shop', service: 'store/shop', message: 'no' };
    server.refused = [refused];
    await replicas.acknowledged(signal);
    assert.deepEqual([replicas.refused, said()], [[refused], 1]);
    await replicas.acknowledged(signal);
    assert.equal(said(), 1);
    server.refused = [];
    await replicas.acknowledged(signal);
    assert.deepEqual([replicas.refused, said()], [[], 2]);
  });

  it('are not known where the server does not answer, which is said once', async () => {
    const { replicas, server, log } = await look({ own: '100' });
    server.status = 403;
    assert.equal(await replicas.acknowledged(signal), undefined);
    assert.equal(await replicas.acknowledged(signal), undefined);
    assert.equal(log.lines.length, 1);
    server.status = 200;
    assert.equal(await replicas.acknowledged(signal), '100');
  });
});
