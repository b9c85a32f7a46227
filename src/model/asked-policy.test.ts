import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { AnnotationValues } from './annotations.ts';
import { policyOf } from './asked-policy.ts';

const everything: AnnotationValues = {
  'traffic-type': 'http',
  scheme: 'https',
  'retry-attempts': 4,
  'ratelimit-average': 10,
  'ratelimit-burst': 20,
  'tls-server-name': 'shop.example.com',
  'tls-ca': { pem: 'a certificate' },
  'request-timeout': 1000,
  'connect-timeout': 100,
  'max-connections': 30,
  'max-pending-requests': 40,
  'session-affinity': { by: 'source' },
  'outlier-consecutive-errors': 5,
};

function mistakes(values: AnnotationValues): readonly string[] {
  return policyOf(values, 'http').mistakes.map(({ annotation, what }) => `${annotation} ${what}`);
}

describe('policyOf()', () => {
  it('asks nothing for a service that says nothing of it', () => {
    assert.deepEqual(policyOf({}, 'http'), { policy: undefined, mistakes: [] });
    assert.deepEqual(policyOf({ scheme: 'https' }, 'http').policy, undefined);
  });

  it('asks of a port what is for its traffic', () => {
    const outlierEjection = { consecutiveErrors: 5, ejectionMs: 30_000, maxEjectedPercent: 50 };
    const ofConnections = { connectTimeoutMs: 100, maxConnections: 30, outlierEjection };
    assert.deepEqual(policyOf(everything, 'http'), {
      policy: {
        affinity: { by: 'source' },
        ...ofConnections,
        retryAttempts: 4,
        rateLimit: { average: 10, burst: 20 },
        requestTimeoutMs: 1000,
        maxPendingRequests: 40,
        tls: { serverName: 'shop.example.com', trusted: { pem: 'a certificate' } },
      },
      mistakes: [],
    });
    assert.deepEqual(policyOf(everything, 'tcp').policy, { affinity: { by: 'source' }, ...ofConnections });
    assert.deepEqual(policyOf(everything, 'udp').policy, { affinity: { by: 'source' } });
    const byHeader: AnnotationValues = { 'session-affinity': { by: 'header', name: 'x-user' } };
    assert.equal(policyOf(byHeader, 'tcp').policy, undefined);
  });

  it('says which annotations mean nothing without others, or beside them', () => {
    assert.deepEqual(mistakes({ 'ratelimit-average': 1 }), [
      'ratelimit-average means nothing without ratelimit-burst',
    ]);
    assert.deepEqual(mistakes({ 'ratelimit-burst': 1 }), [
      'ratelimit-burst means nothing without ratelimit-average',
    ]);
    assert.deepEqual(mistakes({ 'outlier-ejection-time': 1, 'outlier-max-ejected': 1 }), [
      'outlier-ejection-time means nothing without outlier-consecutive-errors',
      'outlier-max-ejected means nothing without outlier-consecutive-errors',
    ]);
    assert.deepEqual(mistakes({ 'load-balancing': 'random', 'session-affinity': { by: 'source' } }), [
      'load-balancing means nothing beside session-affinity',
    ]);
  });

  it('looks at certificates where a CA is given, unless that is switched off', () => {
    const tls = (values: AnnotationValues): unknown => policyOf(values, 'http').policy?.tls;
    const ca = { pem: 'a certificate' };
    assert.deepEqual(tls({ 'tls-ca': ca }), { trusted: ca });
    assert.deepEqual(tls({ 'tls-ca': ca, 'tls-verify': true }), { trusted: ca });
    assert.equal(tls({ 'tls-ca': ca, 'tls-verify': false }), undefined);
    assert.equal(tls({ 'tls-verify': false }), undefined);
  });

  it('trusts nobody where certificates are to be looked at, but nobody says whom to trust', () => {
    assert.deepEqual(policyOf({ 'tls-verify': true }, 'http'), {
      policy: { tls: { trusted: 'nobody' } },
      mistakes: [
        {
          annotation: 'tls-verify',
          what: "trusts nobody without tls-ca, so no pod's certificate is good",
        },
      ],
    });
  });
});
