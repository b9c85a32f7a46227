import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readRestingPorts, recordedResting, restingPort, restingText } from './resting-ports.ts';

describe('resting ports', () => {
  it('are read as they are written', () => {
    const ports = ['15000/udp', '5000', '5001'];
    assert.deepEqual(readRestingPorts(restingText(ports) ?? ''), ports);
    assert.equal(restingText([]), null);
    assert.deepEqual(readRestingPorts(undefined), []);
  });

  it('are read without what is none', () => {
    assert.deepEqual(readRestingPorts('5001  x 5000 5001 15000/tcp -1 123456 15000/udp'), [
      '15000/udp',
      '5000',
      '5001',
    ]);
  });

  it('are told apart by protocol', () => {
    assert.equal(restingPort({ meshPort: 15_000, protocol: 'UDP' }), '15000/udp');
    assert.equal(restingPort({ meshPort: 15_000, protocol: 'TCP' }), '15000');
  });

  it('are on record for what no service has', () => {
    assert.deepEqual(recordedResting('store/shop', ['15000/udp', '5000']), [
      ['store/shop/resting 15000/udp', 15_000],
      ['store/shop/resting 5000', 5000],
    ]);
  });
});
