import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { kubeEndpoint, kubeService, kubeSlice, put, take } from '../../test/kit/objects.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { emptyAllocation } from '../model/build.ts';
import type { Allocation } from '../model/compose.ts';
import type { ObjectChange } from '../model/offer.ts';
import { standalonePorts } from '../model/ports.ts';
import type { Problem } from '../model/problem.ts';
import type { Topology } from '../model/topology.ts';
import type { Resources } from '../translate/resources.ts';
import { ControlLoop, type Round } from './loop.ts';

interface Harness {
  readonly clock: FakeClock;
  readonly loop: ControlLoop;
  readonly log: RecordLog;
  readonly rounds: Round[];
  readonly published: Resources[];
  /** What happened, in order: `save` and `publish N`. */
  readonly steps: string[];
  offer(...changes: readonly ObjectChange[]): void;
}

const noTypes: Resources = {
  'type.googleapis.com/envoy.config.cluster.v3.Cluster': new Map(),
  'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment': new Map(),
  'type.googleapis.com/envoy.config.listener.v3.Listener': new Map(),
  'type.googleapis.com/envoy.config.route.v3.RouteConfiguration': new Map(),
  'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration': new Map(),
  'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig': new Map(),
};

function start(
  given: {
    readonly httpPorts?: number;
    readonly settleAtOnce?: true;
    readonly restMs?: number;
    readonly failsOn?: string;
  } = {},
): Harness {
  const clock = new FakeClock();
  const log = new RecordLog();
  const rounds: Round[] = [];
  const published: Resources[] = [];
  const steps: string[] = [];
  const translations = new WeakMap<ReadonlyMap<string, unknown>, Resources>();
  const translate = ({ services }: Topology): Resources => {
    if (services.has(given.failsOn ?? '')) throw new Error('an injected defect');
    const known = translations.get(services);
    if (known !== undefined) return known;
    const resources = { ...noTypes };
    translations.set(services, resources);
    return resources;
  };
  const http = [{ first: 20_000, last: 20_000 + (given.httpPorts ?? 100) - 1 }];
  const loop: ControlLoop = new ControlLoop({
    model: { defaultMode: 'http', ports: { ...standalonePorts, http }, addresses: undefined },
    allocation: emptyAllocation,
    saveAllocation: () => steps.push('save'),
    translate,
    publish: (resources) => {
      published.push(resources);
      steps.push(`publish ${published.length}`);
      if (given.settleAtOnce) loop.settled(published.length);
      return published.length;
    },
    onRound: (round) => rounds.push(round),
    clock,
    log,
    ...(given.restMs !== undefined && { restMs: given.restMs }),
  });
  const offer = (...changes: readonly ObjectChange[]): void => loop.offer({ changes, problems: [] });
  return { clock, loop, log, rounds, published, steps, offer };
}

const shop = kubeService();
const cart = kubeService({ name: 'cart' });

describe('ControlLoop', () => {
  it('does nothing before the first offer, and acts on that one at once, even if it is empty', () => {
    const { clock, loop, offer, published, rounds } = start();
    clock.advance(1000);
    assert.equal(rounds.length, 0);
    offer();
    clock.advance(0);
    assert.equal(loop.topology?.services.size, 0);
    assert.equal(published.length, 1);
    assert.equal(loop.resources, published[0]);
  });

  it('puts on record what it hands out before proxies are told', () => {
    const { clock, offer, steps } = start();
    offer(put(shop));
    clock.advance(0);
    assert.deepEqual(steps, ['save', 'publish 1']);
  });

  it('takes changes that follow closely together, and publishes nothing where nothing changed', () => {
    const { clock, loop, offer, published, rounds } = start();
    offer(put(shop));
    clock.advance(1);
    offer(put(cart));
    clock.advance(2);
    offer(put(kubeSlice()));
    assert.equal(loop.queueDepth, 2);
    clock.advance(200);
    assert.equal(loop.queueDepth, 0);
    assert.equal(published.length, 2);
    offer(put(kubeSlice()));
    clock.advance(200);
    assert.equal(rounds.length, 3);
    assert.equal(published.length, 2);
  });

  it('says so where a round fails, and publishes nothing more', async () => {
    const { clock, loop, offer, published } = start({ failsOn: 'store/cart' });
    offer(put(shop));
    clock.advance(200);
    offer(put(cart));
    clock.advance(200);
    await assert.rejects(loop.failed, /^Error: an injected defect$/);
    offer(take(cart));
    clock.advance(200);
    assert.equal(published.length, 1);
    assert.equal(loop.topology?.services.size, 1);
  });

  it('never holds back the removal of an endpoint', () => {
    const { clock, offer, rounds } = start();
    offer(put(shop), put(kubeSlice()));
    clock.advance(1);
    offer(put(cart));
    offer(put(kubeSlice({ endpoints: [kubeEndpoint({ ready: false })] })));
    clock.advance(0);
    assert.equal(rounds.length, 2);
    assert.equal(rounds[1]?.topology.services.get('store/shop')?.ports[0]?.endpoints.length, 0);
  });

  it('gives a freed port to another service only after every proxy has acknowledged that it is gone', () => {
    const { clock, loop, offer } = start({ httpPorts: 1 });
    const meshPort = (): number | undefined => loop.topology?.services.get('store/cart')?.ports[0]?.meshPort;
    offer(put(shop));
    clock.advance(200);
    loop.settled(1);
    offer(take(shop), put(cart));
    clock.advance(200);
    assert.equal(meshPort(), undefined);
    loop.settled(1);
    clock.advance(200);
    assert.equal(meshPort(), undefined, 'the snapshot without it is the second');
    loop.settled(2);
    clock.advance(200);
    assert.equal(meshPort(), 20_000);
    assert.deepEqual(loop.topology?.problems, []);
  });

  it('lets a freed port rest for a time after no proxy knows it any more', () => {
    const { clock, loop, offer } = start({ httpPorts: 2, restMs: 30_000 });
    const free = (): number =>
      2 - loop.allocation.ports.http.assigned.size - loop.allocation.ports.http.resting.size;
    offer(put(shop), put(cart));
    clock.advance(200);
    loop.settled(1);
    offer(take(shop));
    clock.advance(20_000);
    loop.settled(2);
    offer(take(cart));
    clock.advance(20_000);
    loop.settled(3);
    assert.equal(free(), 0);
    clock.advance(9_999);
    assert.equal(free(), 0);
    clock.advance(1);
    assert.equal(free(), 1, 'the first has rested since it was settled, the second has not');
    clock.advance(20_000);
    assert.equal(free(), 2);
    assert.equal(clock.waiting, 0);
  });

  it('gives a port that has rested to the service that waits for it', () => {
    const { clock, loop, offer } = start({ httpPorts: 1, restMs: 30_000 });
    offer(put(shop));
    clock.advance(200);
    offer(take(shop), put(cart));
    clock.advance(200);
    loop.settled(2);
    clock.advance(29_000);
    assert.equal(loop.topology?.problems.length, 1);
    clock.advance(1_200);
    assert.equal(loop.topology?.services.get('store/cart')?.ports[0]?.meshPort, 20_000);
    assert.deepEqual(loop.topology?.problems, []);
  });

  it('frees ports at once where no proxy is connected', () => {
    const { clock, loop, offer } = start({ httpPorts: 1, settleAtOnce: true });
    offer(put(shop));
    clock.advance(200);
    offer(take(shop));
    clock.advance(200);
    assert.equal(loop.allocation.ports.http.resting.size, 0);
    offer(put(cart));
    clock.advance(200);
    assert.equal(loop.topology?.services.get('store/cart')?.ports[0]?.meshPort, 20_000);
  });

  it('logs each problem once when it comes and once when it is mended', () => {
    const { clock, loop, log } = start();
    const problem: Problem = {
      code: 'MAESH_OBJECT_INVALID',
      subject: { kind: 'Service', namespace: 'store', name: 'shop', origin: { file: 'shop.yaml', line: 3 } },
      message: 'spec.ports is a string',
      advice: 'Give a list.',
    };
    const file: Problem = {
      ...problem,
      subject: { kind: 'File', namespace: '', name: 'x.yaml', origin: { file: 'x.yaml' } },
    };
    for (const problems of [[problem], [problem, file], [file], []]) {
      loop.offer({ changes: [], problems });
      clock.advance(200);
    }
    const seen = log.lines.map(({ level, fields }) => `${level} ${String(fields['file'])}`);
    assert.deepEqual(seen, ['warn shop.yaml:3', 'warn x.yaml', 'info shop.yaml:3', 'info x.yaml']);
  });

  it('does nothing after it is stopped, whatever it is told', () => {
    const { clock, loop, offer, rounds } = start({ httpPorts: 1, restMs: 30_000 });
    offer(put(shop));
    clock.advance(200);
    offer(take(shop), put(cart));
    clock.advance(200);
    loop.settled(1);
    offer(put(kubeSlice()));
    loop.stop();
    // As when the last proxy goes, because the server closes.
    loop.settled(2);
    offer(put(shop));
    assert.equal(clock.waiting, 0);
    clock.advance(60_000);
    assert.equal(rounds.length, 2);
  });

  it('goes on from what was handed out before', () => {
    const { clock, loop, offer } = start();
    offer(put(cart), put(shop));
    clock.advance(0);
    const before: Allocation = loop.allocation;
    assert.deepEqual(Object.fromEntries(before.ports.http.assigned), {
      'store/cart/80': 20_000,
      'store/shop/80': 20_001,
    });
  });
});
