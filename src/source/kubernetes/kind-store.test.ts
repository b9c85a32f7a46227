import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manifestOf } from '../../../test/kit/manifest-of.ts';
import { kubeService, put, take } from '../../../test/kit/objects.ts';
import type { KubeService } from '../../model/objects.ts';
import { parseService } from '../parse/service.ts';
import { KindStore, type Reading } from './kind-store.ts';

/** What a server has: a service as it is parsed anew. */
function reading(service: KubeService): Reading {
  return { key: `${service.namespace}/${service.name}`, value: parseService(manifestOf(service)) };
}

function gone({ namespace, name }: KubeService): Reading {
  return { key: `${namespace}/${name}`, value: undefined };
}

/** A service that can't be read: its port is none. */
function mistaken(given: Parameters<typeof kubeService>[0] = {}): KubeService {
  return kubeService({ ports: [{ port: 70_000, targetPort: 80 }], ...given });
}

function namesOfProblems(store: KindStore): readonly string[] {
  return [...store.problems()].map(({ subject, code }) => `${code} ${subject.name}`).toSorted();
}

const nothing = { changes: [], isProblemChange: false };

describe('a kind store', () => {
  it('tells what came, what changed and what went', () => {
    const store = new KindStore('Service');
    const [shop, bank] = [kubeService(), kubeService({ name: 'bank' })];
    const came = store.take([reading(shop), reading(bank)]);
    assert.deepEqual(came, { changes: [put(shop), put(bank)], isProblemChange: false });
    const moved = kubeService({ ports: [{ port: 81 }] });
    assert.deepEqual(store.take([reading(moved), gone(bank)]).changes, [put(moved), take(bank)]);
    assert.deepEqual(store.take([gone(moved)]).changes, [take(moved)]);
  });

  it('tells nothing of an object that says the same, or that was not there before either', () => {
    const store = new KindStore('Service');
    store.take([reading(kubeService())]);
    assert.deepEqual(store.take([reading(kubeService())]), nothing);
    assert.deepEqual(store.take([gone(kubeService({ name: 'bank' }))]), nothing);
    assert.deepEqual(store.take([]), nothing);
  });

  it('keeps the last good version of an object that can no longer be read, and says what is wrong', () => {
    const store = new KindStore('Service');
    const good = kubeService();
    store.take([reading(good)]);
    const taken = store.take([reading(mistaken())]);
    assert.deepEqual(taken, { changes: [], isProblemChange: true });
    assert.deepEqual(namesOfProblems(store), ['MAESH_PORT_RANGE shop']);
    assert.deepEqual(store.take([gone(good)]).changes, [take(good)], 'it was kept');
  });

  it('forgets the problem with the next good version, which it tells only where it differs from the last', () => {
    const store = new KindStore('Service');
    const good = kubeService();
    store.take([reading(good)]);
    store.take([reading(mistaken())]);
    assert.deepEqual(store.take([reading(good)]), { changes: [], isProblemChange: true });
    assert.deepEqual(namesOfProblems(store), []);
    store.take([reading(mistaken())]);
    const better = kubeService({ ports: [{ port: 81 }] });
    assert.deepEqual(store.take([reading(better)]), { changes: [put(better)], isProblemChange: true });
  });

  it('tells of a problem only when it is another', () => {
    const store = new KindStore('Service');
    assert.deepEqual(store.take([reading(mistaken())]), { changes: [], isProblemChange: true });
    assert.deepEqual(store.take([reading(mistaken({ labels: { app: 'other' } }))]), nothing);
    assert.equal(
      store.take([reading(mistaken({ ports: [{ port: 70_001, targetPort: 80 }] }))]).isProblemChange,
      true,
    );
    const [problem] = store.problems();
    assert.match(problem?.message ?? '', /70001/);
  });

  it('forgets both object and problem when the object goes', () => {
    const store = new KindStore('Service');
    const good = kubeService();
    store.take([reading(good)]);
    store.take([reading(mistaken())]);
    assert.deepEqual(store.take([gone(good)]), { changes: [take(good)], isProblemChange: true });
    assert.deepEqual(namesOfProblems(store), []);
    assert.deepEqual(store.take([gone(good)]), nothing);
  });

  it('forgets the problem of an object that was never good when it goes, and tells no change', () => {
    const store = new KindStore('Service');
    store.take([reading(mistaken())]);
    assert.deepEqual(store.take([gone(kubeService())]), { changes: [], isProblemChange: true });
  });

  it('holds problems of several objects apart', () => {
    const store = new KindStore('Service');
    const [shop, bank] = [mistaken(), mistaken({ name: 'bank' })];
    store.take([reading(shop), reading(bank)]);
    assert.deepEqual(namesOfProblems(store), ['MAESH_PORT_RANGE bank', 'MAESH_PORT_RANGE shop']);
    store.take([gone(shop)]);
    assert.deepEqual(namesOfProblems(store), ['MAESH_PORT_RANGE bank']);
  });
});
