import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Rejection } from '../serve/xds/observer.ts';
import { typeUrls } from '../translate/resources.ts';
import { proxyProblems } from './proxy-problems.ts';

function rejection(given: Partial<Rejection>): Rejection {
  return {
    node: 'node-1',
    typeUrl: typeUrls.listener,
    name: 'entry/store/shop/80',
    version: '1',
    services: ['store/shop'],
    message: 'error adding listener\n',
    ...given,
  };
}

describe('proxyProblems()', () => {
  it('puts what a proxy refuses on the service that it was made of', () => {
    const [problem] = proxyProblems([rejection({})]);
    assert.deepEqual(problem?.subject, { kind: 'Service', namespace: 'store', name: 'shop' });
    assert.equal(problem?.code, 'MAESH_PROXY_REJECTED');
    assert.equal(
      problem?.message,
      'proxy node-1 refuses Listener entry/store/shop/80: error adding listener',
    );
    assert.match(problem?.advice ?? '', /^The proxy goes on with what it had before\./);
  });

  it('puts what was made of several services, or of none, on the proxy', () => {
    for (const services of [[], ['store/shop', 'store/cart']]) {
      const [problem] = proxyProblems([rejection({ services })]);
      assert.deepEqual(problem?.subject, { kind: 'Proxy', namespace: '', name: 'node-1' });
    }
  });

  it('says what to do where another program has the address', () => {
    const message = "cannot bind '127.77.1.0:80': Address already in use";
    assert.match(proxyProblems([rejection({ message })])[0]?.advice ?? '', /--addressRange or --httpPort/);
  });

  it('sorts, whatever the order in which proxies come', () => {
    const rejections = ['b', 'a', 'c'].map((name) => rejection({ services: [`store/${name}`] }));
    const names = proxyProblems(rejections).map(({ subject }) => subject.name);
    assert.deepEqual(names, ['a', 'b', 'c']);
  });

  it('is empty where nothing is refused', () => {
    assert.deepEqual(proxyProblems([]), []);
  });
});
