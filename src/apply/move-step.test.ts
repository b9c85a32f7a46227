import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { nextStep, type MoveProgress } from './move-step.ts';
import type { FoundShadow } from './shadow-reading.ts';
import type { Shadow, ShadowPort } from './shadow.ts';

const at = (meshPort: number, move?: ShadowPort['move']): ShadowPort => ({
  name: 'web',
  port: 80,
  protocol: 'TCP',
  meshPort,
  ...(move !== undefined && { move }),
});
const move = { from: 5000, to: 5021 };

function stepOf(wanted: ShadowPort, there: ShadowPort, progress: Partial<MoveProgress> = {}): ShadowPort {
  const shadow: Shadow = {
    name: 'maesh-shop',
    service: 'store/shop',
    ports: [wanted],
    trafficDistribution: undefined,
    ipFamilies: [],
  };
  const found = { name: 'maesh-shop', ports: [there] } as const;
  const [port] = nextStep(shadow, found as unknown as FoundShadow, {
    isShared: () => false,
    maySwitch: () => false,
    isDeserted: () => false,
    ...progress,
  }).ports;
  assert.ok(port);
  return port;
}

describe('nextStep()', () => {
  it('puts a move from a shared port on record first', () => {
    const isShared = (port: number): boolean => port === 5000;
    assert.deepEqual(stepOf(at(5021), at(5000), { isShared }), at(5000, move));
  });

  it('sends callers to the new port when it may, and stays there', () => {
    assert.deepEqual(stepOf(at(5021), at(5000, move)), at(5000, move));
    const maySwitch = (name: string): boolean => name === 'maesh-shop';
    assert.deepEqual(stepOf(at(5021), at(5000, move), { maySwitch }), at(5021, move));
    assert.deepEqual(stepOf(at(5021), at(5021, move)), at(5021, move));
  });

  it('ends a move when nobody comes to the old port any more', () => {
    const isDeserted = (port: number): boolean => port === 5000;
    assert.deepEqual(stepOf(at(5021), at(5021, move), { isDeserted }), at(5021));
    assert.deepEqual(stepOf(at(5021), at(5000, move), { isDeserted }), at(5000, move));
  });

  it('moves to another port where the one on record became somebody else’s', () => {
    const isShared = (port: number): boolean => port !== 5030;
    assert.deepEqual(stepOf(at(5030), at(5000, move), { isShared }), at(5000, { from: 5000, to: 5030 }));
  });

  it('changes a port that is not shared at once, as it does a new one and one of UDP', () => {
    assert.deepEqual(stepOf(at(5021), at(5000)), at(5021));
    const other = { ...at(5021), port: 81 };
    assert.deepEqual(stepOf(other, at(5000), { isShared: () => true }), other);
    const udp = { ...at(15_021), protocol: 'UDP' as const };
    assert.deepEqual(stepOf(udp, { ...udp, meshPort: 15_000 }, { isShared: () => true }), udp);
  });
});
