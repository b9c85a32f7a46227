import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FakeCluster } from '../../../test/kit/fake-cluster.ts';
import {
  kubeEndpoint,
  kubePod,
  kubeService,
  kubeSlice,
  put,
  take,
  unreadableService,
} from '../../../test/kit/objects.ts';
import { OfferRecorder } from '../../../test/kit/offer-recorder.ts';
import { RecordLog } from '../../../test/kit/record-log.ts';
import { until } from '../../../test/kit/until.ts';
import type { Offer } from '../../model/offer.ts';
import type { Source } from '../source.ts';
import { createKubernetesSource, type KubernetesSourceOptions } from './kubernetes-source.ts';

const everything = { watch: [], ignore: [] };
const timing = { retryMs: 5, maxRetryMs: 5 };

function sourceOf(cluster: FakeCluster, options: Partial<KubernetesSourceOptions> = {}): Source {
  return createKubernetesSource({
    client: cluster.client,
    namespaces: everything,
    log: new RecordLog(),
    timing,
    ...options,
  });
}

/** Resolves when the log says that all of these resources are followed. */
async function followed(log: RecordLog, ...resources: readonly string[]): Promise<void> {
  await until(`${resources.join(' and ')} to be followed`, () => {
    const lines = log.lines.filter(({ message }) => message.startsWith('Following'));
    const names = new Set(lines.map(({ fields }) => String(fields['resource'])));
    return resources.every((resource) => names.has(resource)) || undefined;
  });
}

describe('a Kubernetes source, its first offer', () => {
  it('comes when every resource is listed, and holds what there is then', async () => {
    await using cluster = await FakeCluster.start();
    const log = new RecordLog();
    const [gone, bank] = [kubeService({ name: 'gone' }), kubeService({ name: 'bank' })];
    cluster.put(kubeService());
    cluster.put(gone);
    cluster.put(kubePod());
    cluster.hold('Service');
    cluster.hold('Pod');
    await using recorder = new OfferRecorder(sourceOf(cluster, { log }));
    await until('both to be asked for', () => {
      return (
        (cluster.asked.includes('/api/v1/services') && cluster.asked.includes('/api/v1/pods')) || undefined
      );
    });
    const moved = kubeService({ ports: [{ port: 81 }] });
    cluster.put(moved);
    cluster.remove(gone);
    cluster.put(bank);
    cluster.remove(bank);
    cluster.release('Service');
    cluster.endWatches('Service');
    await until('all of that to be taken in', () => {
      return cluster.asked.filter((path) => path === '/api/v1/services').length === 2 || undefined;
    });
    await followed(log, 'endpointslices.discovery.k8s.io');
    assert.equal(recorder.offers.length, 0);
    cluster.release('Pod');
    await recorder.when('the first offer', () => recorder.offers.length > 0);
    assert.deepEqual(recorder.offers, [{ changes: [put(moved), put(kubePod())], problems: [] }]);
  });

  it('has no object that can not be read, and says why not', async () => {
    await using cluster = await FakeCluster.start();
    cluster.put(unreadableService());
    cluster.put(kubeService({ name: 'bank' }));
    await using recorder = await OfferRecorder.start(sourceOf(cluster));
    assert.deepEqual(recorder.names, ['Service store/bank']);
    assert.deepEqual(recorder.codes, ['MAESH_OBJECT_INVALID']);
  });

  it('never comes while a resource is forbidden, of which the log says what is missing', async () => {
    await using cluster = await FakeCluster.start();
    const log = new RecordLog();
    cluster.put(kubeService());
    cluster.forbidden.add('/api/v1/pods');
    await using recorder = new OfferRecorder(sourceOf(cluster, { log }));
    await followed(log, 'services', 'endpointslices.discovery.k8s.io');
    const asked = (): number => cluster.asked.filter((path) => path === '/api/v1/pods').length;
    await until('pods to be asked for again', () => asked() >= 3 || undefined);
    assert.equal(recorder.offers.length, 0);
    const errors = log.lines.filter(({ level }) => level === 'error');
    assert.deepEqual(
      errors.map(({ fields }) => fields['resource']),
      ['pods'],
    );
    assert.match(String(errors[0]?.fields['error']), /pods/);
    cluster.forbidden.clear();
    await recorder.when('the first offer', () => recorder.offers.length > 0);
    assert.deepEqual(recorder.names, ['Service store/shop']);
  });

  it('is the last where it brings the end about, whatever has come with it', async () => {
    await using cluster = await FakeCluster.start();
    const log = new RecordLog();
    const stop = new AbortController();
    cluster.hold('Pod');
    cluster.put(kubePod());
    let offers = 0;
    const running = sourceOf(cluster, { log }).run(() => {
      offers += 1;
      stop.abort();
    }, stop.signal);
    await followed(log, 'services', 'endpointslices.discovery.k8s.io');
    await until('pods to be asked for', () => cluster.asked.includes('/api/v1/pods') || undefined);
    cluster.put(kubePod({ name: 'shop-2' }));
    cluster.release('Pod');
    await running;
    assert.equal(offers, 1);
  });
});

describe('a Kubernetes source that meets a defect of ours', () => {
  it('ends all that it follows, and rejects with it', async () => {
    await using cluster = await FakeCluster.start();
    let offers = 0;
    const running = sourceOf(cluster).run(() => {
      offers += 1;
      if (offers === 2) throw new Error('an injected defect');
    }, new AbortController().signal);
    await until('everything to be followed', () => (offers === 1 && cluster.watching === 8) || undefined);
    cluster.put(kubeService());
    await assert.rejects(running, /^Error: an injected defect$/);
    await until('nothing to be followed', () => cluster.watching === 0 || undefined);
    cluster.put(kubePod());
    assert.equal(offers, 2);
  });
});

describe('a Kubernetes source that meets a defect of ours', () => {
  it('ends all that it follows, and rejects with it', async () => {
    await using cluster = await FakeCluster.start();
    let offers = 0;
    const running = sourceOf(cluster).run(() => {
      offers += 1;
      if (offers === 2) throw new Error('an injected defect');
    }, new AbortController().signal);
    await until('the first offer', () => offers === 1 || undefined);
    assert.ok(cluster.watching > 1);
    cluster.put(kubeService());
    await assert.rejects(running, /^Error: an injected defect$/);
    await until('nothing to be followed', () => cluster.watching === 0 || undefined);
    cluster.put(kubePod());
    assert.equal(offers, 2);
  });
});

describe('a Kubernetes source, its later offers', () => {
  it('hold each what changed and nothing else', async () => {
    await using cluster = await FakeCluster.start();
    const service = kubeService();
    cluster.put(service);
    await using recorder = await OfferRecorder.start(sourceOf(cluster));
    cluster.put(kubePod());
    await recorder.when('the pod', () => recorder.offers.length === 2);
    cluster.put(service);
    cluster.put(kubeService({ name: 'bank' }));
    await recorder.when('the other service', () => recorder.offers.length === 3);
    cluster.remove(service);
    await recorder.when('the service to go', () => recorder.offers.length === 4);
    assert.deepEqual(
      recorder.offers.slice(1).map(({ changes }) => changes),
      [[put(kubePod())], [put(kubeService({ name: 'bank' }))], [take(service)]],
    );
  });

  it('keep the last good version of an object that can no longer be read', async () => {
    await using cluster = await FakeCluster.start();
    const service = kubeService();
    cluster.put(service);
    await using recorder = await OfferRecorder.start(sourceOf(cluster));
    cluster.put(unreadableService());
    await recorder.when('the problem', () => recorder.codes.includes('MAESH_OBJECT_INVALID'));
    assert.deepEqual(recorder.object('Service', 'store/shop'), service);
    const { problems } = recorder;
    cluster.put(kubePod());
    await recorder.when('the pod', () => recorder.objects.size === 2);
    assert.equal(recorder.problems, problems);
    cluster.put(service);
    await recorder.when('the problem to go', () => recorder.problems.length === 0);
    assert.deepEqual(recorder.offers.at(-1), { changes: [], problems: [] });
  });

  it('list problems of all kinds in one order', async () => {
    await using cluster = await FakeCluster.start();
    await using recorder = await OfferRecorder.start(sourceOf(cluster));
    cluster.put(unreadableService({ name: 'b' }));
    cluster.put(unreadableService({ name: 'a' }));
    cluster.put(kubeSlice({ endpoints: [kubeEndpoint({ addresses: ['fd00::1'] })] }));
    await recorder.when('three problems', () => recorder.problems.length === 3);
    assert.deepEqual(
      recorder.problems.map(({ subject }) => `${subject.kind} ${subject.name}`),
      ['EndpointSlice shop-a', 'Service a', 'Service b'],
    );
  });
});

describe('a Kubernetes source, its namespaces', () => {
  it('are all asked for at once where none is named, and those that are ignored left out', async () => {
    await using cluster = await FakeCluster.start();
    for (const namespace of ['store', 'bank', 'kube-system']) cluster.put(kubeService({ namespace }));
    const namespaces = { watch: [], ignore: ['bank'] };
    await using recorder = await OfferRecorder.start(sourceOf(cluster, { namespaces }));
    assert.deepEqual(recorder.names, ['Service store/shop']);
    cluster.put(unreadableService({ namespace: 'bank' }));
    cluster.put(kubeService({ namespace: 'kube-system', ports: [{ port: 81 }] }));
    cluster.put(kubeService({ name: 'last' }));
    await recorder.when('what came last', () => recorder.names.includes('Service store/last'));
    assert.deepEqual(recorder.names, ['Service store/last', 'Service store/shop']);
    assert.deepEqual(recorder.problems, []);
    assert.deepEqual(cluster.asked.toSorted(), [
      '/api/v1/pods',
      '/api/v1/services',
      '/apis/access.smi-spec.io/v1alpha3/traffictargets',
      '/apis/discovery.k8s.io/v1/endpointslices',
      '/apis/specs.smi-spec.io/v1alpha4/httproutegroups',
      '/apis/specs.smi-spec.io/v1alpha4/tcproutes',
      '/apis/specs.smi-spec.io/v1alpha4/udproutes',
      '/apis/split.smi-spec.io/v1alpha4/trafficsplits',
    ]);
  });

  it('leave what is ignored, and the services of the mesh itself with their slices, to the server to leave out', async () => {
    await using cluster = await FakeCluster.start();
    const namespaces = { watch: [], ignore: ['bank'] };
    await using recorder = await OfferRecorder.start(sourceOf(cluster, { namespaces }));
    assert.deepEqual(recorder.names, []);
    const ignored = 'metadata.namespace!=kube-system,metadata.namespace!=bank';
    assert.deepEqual(cluster.selectors.get('/api/v1/services'), [ignored, 'app!=maesh']);
    const slices = '/apis/discovery.k8s.io/v1/endpointslices';
    assert.deepEqual(cluster.selectors.get(slices), [ignored, 'app!=maesh']);
    assert.deepEqual(cluster.selectors.get('/api/v1/pods'), [ignored]);
  });

  it('are asked for one by one where they are named, and the others left in peace', async () => {
    await using cluster = await FakeCluster.start();
    for (const namespace of ['store', 'bank', 'club', 'other']) cluster.put(kubeService({ namespace }));
    const namespaces = { watch: ['store', 'bank', 'club', 'kube-system'], ignore: ['club'] };
    cluster.hold('Pod');
    await using recorder = new OfferRecorder(sourceOf(cluster, { namespaces }));
    await until('everything to be asked for', () => cluster.asked.length === 16 || undefined);
    cluster.release('Pod');
    await recorder.when('the first offer', () => recorder.offers.length > 0);
    assert.deepEqual(recorder.names, ['Service bank/shop', 'Service store/shop']);
    for (const namespace of ['bank', 'store']) {
      const asked = cluster.asked.filter((path) => path.includes(`/namespaces/${namespace}/`));
      assert.equal(new Set(asked).size, 8, asked.join('\n'));
      assert.ok(asked.includes(`/api/v1/namespaces/${namespace}/pods`));
      assert.ok(asked.includes(`/apis/split.smi-spec.io/v1alpha4/namespaces/${namespace}/trafficsplits`));
    }
  });

  it('may leave nothing to follow, which is a mesh without services, and said', async () => {
    await using cluster = await FakeCluster.start();
    const log = new RecordLog();
    const namespaces = { watch: ['store'], ignore: ['store'] };
    const offers: Offer[] = [];
    const stop = new AbortController();
    let hasEnded = false;
    const running = sourceOf(cluster, { namespaces, log })
      .run((offer) => offers.push(offer), stop.signal)
      .then(() => (hasEnded = true));
    await nextTurn();
    assert.deepEqual(offers, [{ changes: [], problems: [] }]);
    assert.equal(hasEnded, false);
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['warn'],
    );
    assert.deepEqual(cluster.asked, []);
    stop.abort();
    await running;
    await sourceOf(cluster, { namespaces }).run(
      () => assert.fail('An offer came before the start'),
      AbortSignal.abort(),
    );
  });
});
