// What every source must do, whatever it reads: the contract of src/source/source.ts as tests. A source is brought in
// by a world that it reads, in which the tests put and remove objects.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Kind, KubeObject } from '../../src/model/objects.ts';
import type { Source } from '../../src/source/source.ts';
import {
  kubeEndpoint,
  kubeEndpoints,
  kubePod,
  kubeService,
  kubeSlice,
  unreadableService,
} from './objects.ts';
import { content, OfferRecorder } from './offer-recorder.ts';
import { kubeRouteGroup, kubeSplit, kubeTarget } from './smi-objects.ts';

/** What a source reads: a cluster or a folder, in which nothing is at first. */
export interface SourceWorld extends AsyncDisposable {
  /** The kinds that its sources offer. There may be objects of others, of which they say nothing. */
  readonly kinds: readonly Kind[];
  /**
   * Makes the object be as it is given, whether or not it is there; each time is a change to the world, if not to the
   * object. Resolves with the object as it is there then: a server fills in what is left out.
   */
  put(object: KubeObject): Promise<KubeObject>;
  /** Takes an object away. */
  remove(object: KubeObject): Promise<void>;
  /** A source of this world; each runs on its own. */
  makeSource(): Source;
}

const service = kubeService({ ports: [{ name: 'web', targetPort: 'web' }] });
const changedService = kubeService({ ports: [{ name: 'web', targetPort: 8080 }] });
const everyKind: readonly KubeObject[] = [
  service,
  kubeSlice({ labels: { 'kubernetes.io/service-name': 'shop' } }),
  kubeEndpoints({
    subsets: [
      {
        addresses: [{ ip: '10.0.0.1', nodeName: 'worker-1', pod: 'shop-1' }],
        notReadyAddresses: [{ ip: '10.0.0.2', nodeName: undefined, pod: undefined }],
        ports: [{ name: 'web', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
      },
    ],
  }),
  kubePod({ containerPorts: [{ name: 'web', port: 8080, protocol: 'TCP' }] }),
  { kind: 'Namespace', namespace: '', name: 'store', labels: { team: 'a' } },
  { kind: 'ServiceAccount', namespace: 'store', name: 'shop', labels: {} },
  kubeSplit(),
  kubeTarget(),
  kubeRouteGroup(),
  { kind: 'TCPRoute', namespace: 'store', name: 'db', labels: {}, ports: [3306] },
  { kind: 'UDPRoute', namespace: 'store', name: 'dns', labels: {}, ports: [] },
];

/** Registers the tests of a source. */
export function describeSource(name: string, makeWorld: () => Promise<SourceWorld>): void {
  describe(`${name} as a source`, () => {
    it('offers all there is at first, even where that is nothing', async () => {
      await using world = await makeWorld();
      await using recorder = await OfferRecorder.start(world.makeSource());
      assert.deepEqual(recorder.offers, [{ changes: [], problems: [] }]);
    });

    it('offers every kind at first, in one offer, as the model wants it', async () => {
      await using world = await makeWorld();
      const there: KubeObject[] = [];
      for (const object of everyKind) there.push(await world.put(object));
      await using recorder = await OfferRecorder.start(world.makeSource());
      const wanted = there.filter(({ kind }) => world.kinds.includes(kind));
      assert.equal(wanted.length, world.kinds.length);
      assert.deepEqual(
        new Set(recorder.offers[0]?.changes.map(({ object }) => content(object))),
        new Set(wanted.map((object) => content(object))),
      );
    });

    it('offers what comes, changes and goes, and nothing else', async () => {
      await using world = await makeWorld();
      await world.put(kubePod());
      await using recorder = await OfferRecorder.start(world.makeSource());
      await world.put(service);
      await recorder.when('the service', () => recorder.object('Service', 'store/shop') !== undefined);
      const changed = await world.put(changedService);
      await recorder.when('the changed service', () => hasContent(recorder, changed));
      await world.remove(service);
      await recorder.when('no service', () => recorder.object('Service', 'store/shop') === undefined);
      assert.deepEqual(recorder.names, ['Pod store/shop-1']);
      const changes = recorder.offers.slice(1).flatMap((offer) => offer.changes.map(({ kind }) => kind));
      assert.deepEqual(changes, ['Service', 'Service', 'Service']);
    });

    it('does not offer what was written again without having changed', async () => {
      await using world = await makeWorld();
      await world.put(service);
      await using recorder = await OfferRecorder.start(world.makeSource());
      const before = recorder.object('Service', 'store/shop');
      await world.put(service);
      await world.put(kubePod());
      await recorder.when('what was written after it', () => recorder.names.includes('Pod store/shop-1'));
      assert.equal(recorder.object('Service', 'store/shop'), before);
    });

    it('keeps the last good version of an object with a mistake, says so, and takes the next good one', async () => {
      await using world = await makeWorld();
      const good = await world.put(service);
      await using recorder = await OfferRecorder.start(world.makeSource());
      await world.put(unreadableService());
      await recorder.when('the problem', () => recorder.codes.includes('MAESH_OBJECT_INVALID'));
      assert.deepEqual(content(recorder.object('Service', 'store/shop')), content(good));
      assert.equal(recorder.problems[0]?.subject.name, 'shop');
      const changed = await world.put(changedService);
      await recorder.when('the good version', () => hasContent(recorder, changed));
      assert.deepEqual(recorder.problems, []);
    });

    it('takes an object with a mistake away when it goes', async () => {
      await using world = await makeWorld();
      await world.put(service);
      await using recorder = await OfferRecorder.start(world.makeSource());
      await world.put(unreadableService());
      await recorder.when('the problem', () => recorder.problems.length === 1);
      await world.remove(service);
      await recorder.when('no service', () => recorder.objects.size === 0);
      assert.deepEqual(recorder.problems, []);
    });

    it('hands over the same list of problems for as long as they are the same', async () => {
      await using world = await makeWorld();
      await world.put(unreadableService());
      await using recorder = await OfferRecorder.start(world.makeSource());
      const { problems } = recorder;
      assert.equal(problems.length, 1);
      await world.put(kubePod());
      await recorder.when('the pod', () => recorder.objects.size === 1);
      assert.equal(recorder.problems, problems);
    });

    it('ends when it is told to, at any moment', async () => {
      await using world = await makeWorld();
      await world.put(service);
      const atOnce = new OfferRecorder(world.makeSource());
      await atOnce.stop();
      assert.ok(atOnce.offers.length <= 1);
      const recorder = await OfferRecorder.start(world.makeSource());
      await world.put(changedService);
      await recorder.stop();
      const before = AbortSignal.abort();
      await world.makeSource().run(() => assert.fail('An offer came before the start'), before);
    });

    it('offers all there is to each that asks, whenever it begins', async () => {
      await using world = await makeWorld();
      await world.put(service);
      await using first = await OfferRecorder.start(world.makeSource());
      await world.put(kubePod());
      await first.when('the pod', () => first.objects.size === 2);
      await using second = await OfferRecorder.start(world.makeSource());
      assert.deepEqual(second.names, first.names);
    });

    it('ends with what there is, after any changes', async () => {
      const step = fc.record({ name: fc.constantFrom('a', 'b', 'c'), version: fc.constantFrom(0, 1, 2) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
          await using world = await makeWorld();
          await using recorder = await OfferRecorder.start(world.makeSource());
          const there = new Map<string, KubeObject>();
          for (const { name: slice, version } of steps) {
            const endpoints = Array.from({ length: version }, (_, i) =>
              kubeEndpoint({ addresses: [`10.0.0.${i}`] }),
            );
            const object = kubeSlice({ name: slice, service: '', endpoints });
            if (version > 0) {
              there.set(slice, await world.put(object));
            } else if (there.delete(slice)) await world.remove(object);
          }
          const last = await world.put(kubeService({ name: 'last' }));
          await recorder.when('what there is', () => hasAll(recorder, [...there.values(), last]));
        }),
        { numRuns: 15 },
      );
    });
  });
}

function hasContent(recorder: OfferRecorder, wanted: KubeObject): boolean {
  const object = recorder.object(wanted.kind, `${wanted.namespace}/${wanted.name}`);
  return isDeepStrictEqual(content(object), content(wanted));
}

function hasAll(recorder: OfferRecorder, wanted: readonly KubeObject[]): boolean {
  return recorder.objects.size === wanted.length && wanted.every((object) => hasContent(recorder, object));
}
