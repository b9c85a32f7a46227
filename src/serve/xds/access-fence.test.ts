import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { meshService } from '../../../test/kit/topologies.ts';
import { cluster, listener, routes } from '../../../test/kit/xds-resources.ts';
import { httpAddress as at, settledStream, TestStream } from '../../../test/kit/xds-stream.ts';
import { packWithKinds } from '../../translate/access/endpoint-kinds.ts';
import { typeUrls } from '../../translate/resources.ts';
import type { Resource } from '../../translate/resources.ts';
import type { DeltaRequest } from './request.ts';

const { cluster: cds, endpoints: eds, listener: lds, routes: rds } = typeUrls;

/** Endpoints `a`, one of each of these service accounts. */
function podsOf(...accounts: readonly string[]): Resource {
  const endpoints = accounts.map((account) => ({ address: `10.0.0.${account.length}`, port: 8080, account }));
  const [port] = meshService('store/shop', [{ endpoints }]).ports;
  assert.ok(port !== undefined);
  return packWithKinds({ ...port, key: 'a', meshPort: 20_000 }, []);
}

/** What lets callers in: two of different ports are different. */
function users(port: number): readonly Resource[] {
  return [cluster('a'), listener('l', { ...at, port }), routes('l', 'a')];
}

/** Accepts what is sent, and returns it with the version where endpoints are. */
function step(test: TestStream): readonly string[] {
  const sent = test.flush();
  for (const each of sent) test.accept(each.startsWith('Listener') ? lds : eds);
  return sent;
}

/** What a proxy that reconnects says of these. */
function has(...resources: readonly Resource[]): Pick<DeltaRequest, 'initialResourceVersions'> {
  const versions = resources.map(({ name, version }) => [name, version] as const);
  return { initialResourceVersions: Object.fromEntries(versions) };
}

describe('the access fence', () => {
  /** A proxy that has the pods of account `x`. */
  const begin = (): TestStream => {
    const test = settledStream();
    test.publish(...users(1), podsOf('x'));
    while (step(test).length > 0);
    return test;
  };

  it('gives a proxy pods of an account that is new to it when its listeners know of them', () => {
    const test = begin();
    test.publish(...users(2), podsOf('x', 'yy'));
    assert.deepEqual(step(test), ['Listener l']);
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
    assert.equal(test.sentVersion(eds), podsOf('x', 'yy').version);
  });

  it('takes the other pods away before listeners let callers in who are not meant to reach them', () => {
    const test = begin();
    test.publish(...users(2), podsOf('yy'));
    assert.deepEqual(test.flush(), ['ClusterLoadAssignment a']);
    assert.equal(test.sentVersion(eds), podsOf().version);
    test.accept(eds);
    assert.deepEqual(step(test), ['Listener l']);
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
    assert.equal(test.sentVersion(eds), podsOf('yy').version);
  });

  it('holds nothing back where listeners and routes stay the same', () => {
    const test = begin();
    test.publish(...users(1), podsOf('yy'));
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
    assert.equal(test.sentVersion(eds), podsOf('yy').version);
    assert.deepEqual(step(test), []);
  });

  it('holds back while the proxy refuses the listeners, and does not count as acknowledged what it lacks', () => {
    const test = begin();
    const { acknowledged } = test.stream;
    test.publish(...users(2), podsOf('x', 'yy'));
    assert.deepEqual(test.flush(), ['Listener l']);
    test.reject(lds);
    assert.deepEqual(test.flush(), []);
    assert.equal(test.stream.acknowledged, acknowledged);
    test.publish(...users(3), podsOf('x', 'yy'));
    assert.deepEqual(step(test), ['Listener l']);
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
    assert.equal(test.stream.acknowledged, acknowledged + 2);
  });

  it('knows of a proxy that reconnects what it has, from the versions', () => {
    const test = new TestStream();
    test.publish(...users(2), podsOf('x', 'yy'));
    const [a, old, l] = users(1);
    assert.ok(a !== undefined && old !== undefined && l !== undefined);
    test.ask(cds, has(a));
    test.ask(eds, { ...has(podsOf('x')), resourceNamesSubscribe: ['a'] });
    assert.deepEqual(test.flush(), [], 'it has what it may have for now');
    test.ask(lds, has(old));
    test.ask(rds, { ...has(l), resourceNamesSubscribe: ['l'] });
    assert.deepEqual(step(test), ['Listener l']);
    assert.deepEqual(test.flush(), []);
    test.clock.advance(1000);
    assert.equal(test.dueCount > 0, true);
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
    assert.equal(test.sentVersion(eds), podsOf('x', 'yy').version);
  });

  it('tells a proxy that reconnects nothing of listeners before it has said what endpoints it has', () => {
    const test = new TestStream();
    const [a, old, l] = users(1);
    assert.ok(a !== undefined && old !== undefined && l !== undefined);
    // These would let callers in whom its own deny pods of `x`.
    test.publish(...users(2), podsOf('yy'));
    test.ask(cds, has(a));
    assert.deepEqual(test.flush(), []);
    test.publish(...users(1), podsOf('x'));
    test.ask(eds, { ...has(podsOf('x')), resourceNamesSubscribe: ['a'] });
    test.ask(lds, has(old));
    test.ask(rds, { ...has(l), resourceNamesSubscribe: ['l'] });
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
    assert.equal(test.sentVersion(eds), podsOf().version);
    assert.deepEqual(test.flush(), [], 'its listeners are those of the newest snapshot');
    test.clock.advance(1000);
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
    assert.equal(test.sentVersion(eds), podsOf('x').version);
  });

  it('asks nothing of what a controller without access control has sent', () => {
    const test = begin();
    const [port] = meshService('store/shop', [{ endpoints: [{ address: '10.0.0.9', port: 8080 }] }]).ports;
    assert.ok(port !== undefined);
    const { port: _made, ...plain } = packWithKinds({ ...port, key: 'a', meshPort: 20_000 }, []);
    test.publish(...users(2), { ...plain, version: 'plain' });
    assert.deepEqual(step(test), ['ClusterLoadAssignment a']);
  });
});
