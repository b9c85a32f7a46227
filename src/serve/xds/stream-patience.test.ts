import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { httpAddress as at, settledStream, TestStream } from '../../../test/kit/xds-stream.ts';
import { cluster, endpoints, listener, routes } from '../../../test/kit/xds-resources.ts';
import { typeUrls } from '../../translate/resources.ts';

const { cluster: cds, endpoints: eds, listener: lds, routes: rds } = typeUrls;

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

  it('leaves no timer behind', () => {
    const test = settledStream();
    test.publish(cluster('b'), listener('l', at), routes('l', 'b'));
    test.flush();
    assert.equal(test.clock.waiting, 1);
    test.stream.close();
    assert.equal(test.clock.waiting, 0);
  });
});
