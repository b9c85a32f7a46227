import assert from 'node:assert/strict';
import { test } from 'node:test';

import { keptStats } from './stats.ts';

/** Whether a proxy would keep a statistic, as Envoy reads the matcher: expressions match the whole name. */
function isKept(name: string): boolean {
  assert.equal(keptStats.statsMatcher.case, 'inclusionList');
  return keptStats.statsMatcher.value.patterns.some(({ matchPattern }) => {
    if (matchPattern.case === 'prefix') return name.startsWith(matchPattern.value);
    assert.equal(matchPattern.case, 'safeRegex');
    return new RegExp(`^(?:${matchPattern.value.regex})$`, 'u').test(name);
  });
}

test('proxies keep the statistics of traffic, and not the hundreds that nobody looks at', () => {
  for (const name of [
    'cluster.store/shop/80.upstream_rq_total',
    'cluster.store/shop/80.upstream_rq_5xx',
    'cluster.store/shop/80.upstream_rq_time',
    'cluster.store/shop/80.membership_total',
    'http.mesh.downstream_rq_total',
    'listener.http/20000.downstream_cx_active',
    'control_plane.connected_state',
    'listener_manager.listener_modified',
    'server.live',
  ]) {
    assert.ok(isKept(name), name);
  }
  for (const name of [
    'cluster.store/shop/80.upstream_rq_200',
    'cluster.store/shop/80.external.upstream_rq_2xx',
    'cluster.store/shop/80.circuit_breakers.default.cx_open',
    'cluster.store/shop/80.lb_healthy_panic',
    'listener.http/20000.http.mesh.downstream_rq_2xx',
    'runtime.load_success',
  ]) {
    assert.ok(!isKept(name), name);
  }
});
