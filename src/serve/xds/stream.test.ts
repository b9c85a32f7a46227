import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { httpAddress as at, settledStream, TestStream } from '../../../test/kit/xds-stream.ts';
import { cluster, endpoints, extension, listener, routes } from '../../../test/kit/xds-resources.ts';
import { typeUrls } from '../../translate/resources.ts';
import type { Resource } from '../../translate/resources.ts';

const { cluster: cds, endpoints: eds, listener: lds, routes: rds, scopedRoutes: srds } = typeUrls;

describe('Stream', () => {
  it('sends nothing before something is published, and nothing before something is asked for', () => {
    const test = new TestStream();
    test.ask(cds);
    assert.deepEqual(test.flush(), []);
    const other = new TestStream();
    other.publish(cluster('a'));
    assert.deepEqual(other.flush(), []);
    test.publish(cluster('a'));
    assert.deepEqual(test.flush(), ['Cluster a']);
  });

  it('sends routes to a new cluster when cluster and endpoints are acknowledged, and removes the old one last', () => {
    const test = settledStream();
    test.publish(cluster('b'), endpoints('b', []), listener('l', at), routes('l', 'b'));
    assert.deepEqual(test.flush(), ['Cluster b']);
    test.ask(eds, { resourceNamesSubscribe: ['b'] });
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment b']);
    test.accept(cds);
    assert.deepEqual(test.flush(), [], 'endpoints are not acknowledged yet');
    test.accept(eds);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
    assert.equal(test.stream.acknowledged, 1);
    test.accept(rds);
    assert.deepEqual(test.flush(), ['Cluster -a']);
    test.ask(eds, { resourceNamesUnsubscribe: ['a'] });
    test.accept(cds);
    assert.deepEqual(test.flush(), []);
    assert.equal(test.stream.acknowledged, 2);
  });

  it('does not count a snapshot as acknowledged that it passed over', () => {
    const test = settledStream();
    const others = [cluster('a'), endpoints('a', []), routes('l', 'a')];
    test.publish(...others, listener('l', { ...at, port: 8001 }));
    test.publish(...others, listener('l', { ...at, port: 8001 }), listener('m', { ...at, port: 8002 }));
    assert.deepEqual(test.flush(), ['Listener l m']);
    assert.equal(test.stream.acknowledged, 1);
    test.accept(lds);
    assert.deepEqual(test.flush(), []);
    assert.equal(test.stream.acknowledged, 3);
  });

  it('waits for the endpoints of a new cluster also when the cluster is acknowledged before they are asked for', () => {
    const test = settledStream();
    test.publish(
      cluster('a'),
      cluster('b'),
      endpoints('a', []),
      endpoints('b', []),
      listener('l', at),
      routes('l', 'b'),
    );
    assert.deepEqual(test.flush(), ['Cluster b']);
    test.accept(cds);
    assert.deepEqual(test.flush(), []);
    test.ask(eds, { resourceNamesSubscribe: ['b'] });
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment b']);
    test.accept(eds);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
  });

  it('sends configurations of filters as they are now, whatever else is waited for', () => {
    const { extensions: ecds } = typeUrls;
    const test = settledStream();
    const others = [cluster('b'), endpoints('b', []), listener('l', at), routes('l', 'b')];
    test.publish(...others, extension('callers', 'one'));
    assert.deepEqual(test.flush(), ['Cluster b']);
    test.ask(ecds, { resourceNamesSubscribe: ['callers'] });
    assert.deepEqual(test.flush(), ['TypedExtensionConfig callers']);
    test.accept(ecds);
    test.publish(...others, extension('callers', 'two'));
    assert.deepEqual(test.flush(), ['TypedExtensionConfig callers'], 'while the cluster is under way');
  });

  it('has nothing acknowledged of a client that reconnects and may have more to tell', () => {
    const test = new TestStream();
    const all = [cluster('a'), endpoints('a', []), listener('l', at), routes('l', 'a')];
    test.publish(...all);
    for (const { typeUrl, name, version } of all) {
      assert.equal(test.stream.acknowledged, 0);
      test.ask(typeUrl, { resourceNamesSubscribe: [name], initialResourceVersions: { [name]: version } });
      assert.deepEqual(test.flush(), []);
    }
    assert.equal(test.stream.acknowledged, 0, 'there are other types');
    assert.equal(test.stream.isReady, true);
    test.clock.advance(1000);
    assert.equal(test.dueCount, 1);
    assert.equal(test.stream.acknowledged, 1);
  });

  it('is done with a snapshot when configurations of filters are acknowledged, too', () => {
    const { extensions: ecds } = typeUrls;
    const test = settledStream();
    const others = [cluster('a'), endpoints('a', []), listener('l', at), routes('l', 'a')];
    test.publish(...others, extension('callers', 'one'));
    test.ask(ecds, { resourceNamesSubscribe: ['callers'] });
    assert.deepEqual(test.flush(), ['TypedExtensionConfig callers']);
    test.accept(ecds);
    test.publish(...others, extension('callers', 'two'));
    assert.deepEqual(test.flush(), ['TypedExtensionConfig callers']);
    assert.equal(test.stream.acknowledged, 2);
    test.accept(ecds);
    assert.equal(test.stream.acknowledged, 3);
  });

  it('sends endpoints again after their cluster has changed', () => {
    const test = settledStream();
    test.publish(cluster('a', 2000), endpoints('a', []), listener('l', at), routes('l', 'a'));
    assert.deepEqual(test.flush(), ['Cluster a', 'ClusterLoadAssignment a']);
  });

  it('waits for endpoints that come after the changed cluster, not for those that were under way before it', () => {
    const test = settledStream();
    const world = (timeoutMs: number, port: number): Resource[] => [
      cluster('a', timeoutMs),
      endpoints('a', [{ host: '127.81.0.4', port }]),
      listener('l', at),
    ];
    test.publish(cluster('a', 2000), endpoints('a', []), listener('l', at), routes('l', 'x'));
    assert.deepEqual(test.flush(), ['Cluster a', 'ClusterLoadAssignment a']);
    test.accept(eds);
    test.publish(...world(3000, 1), routes('l', 'y'));
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment a'], 'the cluster waits for its turn');
    test.accept(cds);
    assert.deepEqual(test.flush(), ['Cluster a', 'RouteConfiguration l']);
    test.accept(rds);
    test.accept(cds);
    test.accept(eds);
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment a'], 'once more, after the cluster');
    test.accept(eds);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
  });

  it('sends them also to a client that asked for them before it got the changed cluster', () => {
    const test = new TestStream();
    const [a, at1] = [cluster('a', 2000), endpoints('a', [])];
    test.publish(a, at1, listener('l', at));
    test.ask(cds, { initialResourceVersions: { a: 'older' } });
    assert.deepEqual(test.flush(), ['Cluster a']);
    test.ask(eds, { resourceNamesSubscribe: ['a'], initialResourceVersions: { a: at1.version } });
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment a']);
  });

  it('sends endpoints at once while something else is waited for', () => {
    const test = settledStream();
    test.publish(cluster('a'), cluster('b'), endpoints('a', []), listener('l', at), routes('l', 'b'));
    assert.deepEqual(test.flush(), ['Cluster b']);
    const changed = endpoints('a', [{ host: '127.81.0.4', port: 1 }]);
    test.publish(cluster('a'), cluster('b'), changed, listener('l', at), routes('l', 'b'));
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment a']);
  });

  it('answers for a cluster that it has sent with the endpoints of then, if they are gone meanwhile', () => {
    const test = settledStream();
    const rest = [cluster('a'), endpoints('a', []), listener('l', at)];
    test.publish(...rest, cluster('b'), endpoints('b', []), routes('l', 'b'));
    assert.deepEqual(test.flush(), ['Cluster b']);
    test.publish(...rest, routes('l', 'a'));
    test.ask(eds, { resourceNamesSubscribe: ['b'] });
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment b']);
    test.accept(eds);
    test.accept(cds);
    assert.deepEqual(test.flush(), ['Cluster -b'], 'routes to b are not worth sending any more');
    test.ask(eds, { resourceNamesUnsubscribe: ['b'] });
    test.accept(cds);
    assert.deepEqual(test.flush(), []);
    assert.equal(test.stream.acknowledged, 3);
  });

  it('removes endpoints that a cluster still uses when the cluster is settled', () => {
    const test = settledStream();
    test.publish(cluster('a'), listener('l', at), routes('l', 'a'));
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment -a']);
  });

  it('sends listeners, then scopes, then routes', () => {
    const test = settledStream();
    const scope: Resource = { ...routes('scope', 'a'), typeUrl: srds };
    test.ask(srds);
    assert.deepEqual(test.flush(), ['ScopedRouteConfiguration']);
    test.accept(srds);
    test.publish(
      cluster('a'),
      endpoints('a', []),
      listener('l', { ...at, port: 8001 }),
      scope,
      routes('l', 'x'),
    );
    assert.deepEqual(test.flush(), ['Listener l']);
    test.accept(lds);
    assert.deepEqual(test.flush(), ['ScopedRouteConfiguration scope']);
    test.accept(srds);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
    test.accept(rds);
    test.publish(cluster('a'), endpoints('a', []), listener('l', at), routes('l', 'y'));
    assert.deepEqual(test.flush(), ['Listener l']);
    test.clock.advance(15_000);
    assert.deepEqual(test.flush(), ['ScopedRouteConfiguration -scope', 'RouteConfiguration l']);
    assert.deepEqual(test.told.at(-1), 'impatient: listeners');
  });

  it('honours what a request with an old nonce asks for, and does not take it for an answer', () => {
    const test = settledStream();
    test.publish(cluster('a'), endpoints('a', []), endpoints('b', []), listener('l', at), routes('l', 'x'));
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
    test.ask(rds, { responseNonce: '4', errorDetail: { message: 'late' } });
    test.ask(eds, { responseNonce: '2', resourceNamesSubscribe: ['b'] });
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment b']);
    assert.deepEqual(test.told, []);
    assert.equal(test.stream.acknowledged, 1);
  });

  it('answers that there is nothing of a type that is not served, for so many types as there may be', () => {
    const test = settledStream();
    test.ask('type.googleapis.com/x.y.Secret', { resourceNamesSubscribe: ['certificate'] });
    assert.deepEqual(test.flush(), ['Secret -certificate']);
    assert.deepEqual(test.told, ['unserved type.googleapis.com/x.y.Secret']);
    for (let index = 0; index < 100; index += 1) test.ask(`type.googleapis.com/x.y.Type${index}`);
    assert.ok([...test.stream.subscriptions()].length <= 32);
  });
});

describe('Stream, with a proxy that is slow or rejects', () => {
  it('goes on without a proxy that does not acknowledge, and says so', () => {
    const test = settledStream();
    test.publish(cluster('b'), endpoints('b', []), listener('l', at), routes('l', 'b'));
    assert.deepEqual(test.flush(), ['Cluster b']);
    test.clock.advance(14_999);
    assert.equal(test.dueCount, 0);
    test.clock.advance(1);
    assert.equal(test.dueCount, 1);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
    assert.deepEqual(test.told, ['impatient: clusters']);
    test.accept(cds);
    assert.deepEqual(test.flush(), [], 'a is in use until the routes are acknowledged');
    test.clock.advance(15_000);
    assert.deepEqual(test.flush(), ['Cluster -a']);
    assert.equal(test.told.at(-1), 'impatient: listeners and routes without the clusters that are gone');
    assert.equal(test.clock.waiting, 0);
  });

  it('has patience anew with a proxy that makes progress', () => {
    const test = settledStream();
    test.publish(
      cluster('a'),
      cluster('b'),
      endpoints('a', []),
      endpoints('b', []),
      listener('l', at),
      routes('l', 'b'),
    );
    test.flush();
    test.clock.advance(10_000);
    test.accept(cds);
    assert.deepEqual(test.flush(), []);
    test.clock.advance(10_000);
    assert.deepEqual(test.flush(), []);
    test.clock.advance(5000);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
    assert.deepEqual(test.told, ['accepted 5 after 10000 ms', 'impatient: endpoints b']);
  });

  it('does not wait for a cluster that was rejected', () => {
    const test = settledStream();
    test.publish(cluster('a'), cluster('b'), endpoints('a', []), listener('l', at), routes('l', 'b'));
    assert.deepEqual(test.flush(), ['Cluster b']);
    test.reject(cds);
    assert.deepEqual(test.told, ['refused 5: no good, b']);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
  });

  it('does not wait for endpoints that were rejected', () => {
    const test = settledStream();
    test.publish(
      cluster('a'),
      cluster('b'),
      endpoints('a', []),
      endpoints('b', []),
      listener('l', at),
      routes('l', 'b'),
    );
    test.flush();
    test.ask(eds, { resourceNamesSubscribe: ['b'] });
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment b']);
    test.accept(cds);
    test.reject(eds);
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
  });

  it('does not wait for endpoints that the proxy no longer asks for', () => {
    const test = settledStream();
    test.publish(
      cluster('a'),
      cluster('b'),
      endpoints('a', []),
      endpoints('b', []),
      listener('l', at),
      routes('l', 'b'),
    );
    test.flush();
    test.accept(cds);
    test.ask(eds, { resourceNamesUnsubscribe: ['b'] });
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
  });

  it('keeps a cluster for a while that routes use which could not be replaced', () => {
    const test = settledStream();
    test.publish(listener('l', at), routes('l', 'x'));
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
    test.reject(rds);
    assert.deepEqual(test.flush(), []);
    test.clock.advance(15_000);
    assert.deepEqual(test.flush(), ['Cluster -a']);
  });

  it('removes nothing from a client that reconnects before it has had time to tell what it uses', () => {
    const test = new TestStream();
    const [l, r] = [listener('l', at), routes('l', 'b')];
    test.publish(cluster('b'), endpoints('b', []), l, r);
    test.ask(cds, { initialResourceVersions: { a: '1', b: cluster('b').version } });
    assert.deepEqual(test.flush(), []);
    test.ask(lds, { initialResourceVersions: { l: l.version } });
    assert.deepEqual(test.flush(), [], 'nothing is asked for that uses a, so far');
    test.ask(rds, { resourceNamesSubscribe: ['l'], initialResourceVersions: { l: 'to a' } });
    assert.deepEqual(test.flush(), ['RouteConfiguration l']);
    test.accept(rds);
    assert.deepEqual(test.flush(), []);
    test.clock.advance(1000);
    assert.equal(test.dueCount, 1);
    assert.deepEqual(test.flush(), ['Cluster -a']);
  });

  it('writes nothing while the client does not read', () => {
    const test = settledStream();
    test.isWritable = false;
    for (let port = 1; port < 50; port += 1) {
      test.publish(
        cluster('a'),
        endpoints('a', [{ host: '127.81.0.4', port }]),
        listener('l', at),
        routes('l', 'a'),
      );
      assert.deepEqual(test.flush(), []);
    }
    assert.equal(test.stream.acknowledged, 1);
    test.isWritable = true;
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment a']);
    test.accept(eds);
    assert.deepEqual(test.flush(), []);
    assert.equal(test.stream.acknowledged, 50);
  });

  for (const what of ['does not read', 'waits for its turn'] as const) {
    it(`does not blame a client that ${what} for what it was not sent`, () => {
      const test = settledStream();
      test.publish(cluster('b'), endpoints('b', []), listener('l', at), routes('l', 'b'));
      assert.deepEqual(test.flush(), ['Cluster b']);
      test.accept(cds);
      test.ask(eds, { resourceNamesSubscribe: ['b'] });
      test.told.length = 0;
      if (what === 'waits for its turn') test.stream.hold();
      else {
        test.isWritable = false;
        assert.deepEqual(test.flush(), []);
        test.isWritable = true;
      }
      test.clock.advance(20_000);
      assert.deepEqual(test.flush(), ['ClusterLoadAssignment b']);
      test.clock.advance(14_999);
      assert.deepEqual(test.flush(), []);
      assert.deepEqual(test.told, []);
      test.clock.advance(1);
      assert.deepEqual(test.flush(), ['RouteConfiguration l']);
      assert.deepEqual(test.told, ['impatient: endpoints']);
    });
  }

  it('leaves no timer behind', () => {
    const test = settledStream();
    test.publish(cluster('b'), listener('l', at), routes('l', 'b'));
    test.flush();
    assert.equal(test.clock.waiting, 1);
    test.stream.close();
    assert.equal(test.clock.waiting, 0);
  });
});
