// The statistics that proxies keep: those that dashboards and alarms of a mesh are made of. All of Envoy's would be
// most of what a cluster costs.

import { create } from '@bufbuild/protobuf';

import { type StatsMatcher, StatsMatcherSchema } from '../gen/envoy/config/metrics/v3/stats_pb.ts';

const prefixes = [
  'cluster_manager.',
  'control_plane.',
  'http.',
  'listener_manager.',
  'server.',
  'tcp.',
  'udp.',
];

/** Of a cluster: traffic by status, latency, connections and their failures, attempts, and how many endpoints it has. */
const ofClusters = [
  'upstream_rq_total',
  'upstream_rq_completed',
  'upstream_rq_[1-5]xx',
  'upstream_rq_time',
  'upstream_rq_active',
  'upstream_rq_retry',
  'upstream_rq_retry_success',
  'upstream_cx_total',
  'upstream_cx_active',
  'upstream_cx_connect_fail',
  'upstream_cx_connect_timeout',
  'upstream_cx_none_healthy',
  'upstream_cx_[rt]x_bytes_total',
  'upstream_rq_pending_failure_eject',
  'membership_total',
];

/** What is kept; everything else is never counted. */
export const keptStats: StatsMatcher = create(StatsMatcherSchema, {
  statsMatcher: {
    case: 'inclusionList',
    value: {
      patterns: [
        ...prefixes.map((value) => ({ matchPattern: { case: 'prefix' as const, value } })),
        {
          matchPattern: {
            case: 'safeRegex' as const,
            value: { regex: `cluster\\.[^.]*\\.(${ofClusters.join('|')})` },
          },
        },
        {
          matchPattern: {
            case: 'safeRegex' as const,
            value: { regex: 'listener\\..*\\.downstream_(cx_(total|active|overflow)|pre_cx_timeout)' },
          },
        },
      ],
    },
  },
});
