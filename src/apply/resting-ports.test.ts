import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readRestingPorts, recordedResting, restingPort, restingText } from './resting-ports.ts';

describe('resting ports', () => {
  it('are read as they are written, those that follow each other as one part', () => {
    const ports = ['15000/udp', '15001/udp', '5000', '5001', '5002', '7000'];
    assert.equal(restingText(ports), '5000-5002 7000 15000-15001/udp');
    assert.deepEqual(readRestingPorts(restingText(ports)), ports);
    assert.equal(restingText([]), '');
    assert.deepEqual(readRestingPorts(undefined), []);
  });

  it('are read without what is none', () => {
    assert.deepEqual(readRestingPorts('5001  x 5000 5001 15000/tcp -1 123456 5001-5000 15000/udp'), [
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
    assert.deepEqual(recordedResting(['15000/udp', '5000']), [
      ['/resting/15000/udp', 15_000],
      ['/resting/5000', 5000],
    ]);
  });
});
