import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { PortPolicy } from '../model/policy.ts';
import { policyFilters, policyFiltersOf } from './filter-policy.ts';

describe('policyFiltersOf()', () => {
  it('has the circuit breaker also for a backend that has one', () => {
    const policy: PortPolicy = {
      circuitBreaker: { kind: 'comparison', measure: { kind: 'network-errors' }, operator: '>', value: 0.5 },
    };
    const splits = [{ backends: [{ key: 'a/b/80', weight: 1, policy }] }];
    assert.equal(policyFiltersOf({ splits }), policyFilters);
    assert.notEqual(policyFiltersOf({}), policyFilters);
  });
});
