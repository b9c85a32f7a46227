// Every metric of Maesh: name, type, labels and meaning. docs/metrics.md has a row for each; a test holds the two together.

/** What one metric is. */
export interface MetricRow {
  /** `maesh_<noun>_<unit>`; counters end in `_total`, durations in `_seconds`. Stable: dashboards and alerts name it. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Names of its labels. Their values are few and known in advance: never the name of an object. */
  readonly labels: readonly string[];
  /** What it counts, one sentence without a full stop. */
  readonly help: string;
}

/** What the program calls each metric. */
export type MetricKey =
  | 'buildDuration'
  | 'queueDepth'
  | 'pushes'
  | 'pushedResources'
  | 'pushedBytes'
  | 'ackDuration'
  | 'nacks'
  | 'connectedProxies'
  | 'problems'
  | 'services'
  | 'servicePorts'
  | 'endpoints'
  | 'meshPorts'
  | 'envoyRestarts'
  | 'dnsQueries'
  | 'queueWaiting'
  | 'queueAdds'
  | 'queueWait'
  | 'queueWork'
  | 'queueUnfinished'
  | 'queueLongest'
  | 'queueRetries';

/** All of them, in the order of docs/metrics.md. */
export const metricTable: Readonly<Record<MetricKey, MetricRow>> = {
  buildDuration: {
    name: 'maesh_build_duration_seconds',
    type: 'histogram',
    labels: ['stage'],
    help: 'Time that a stage took for a change: read, model, translate, publish',
  },
  queueDepth: {
    name: 'maesh_queue_changes',
    type: 'gauge',
    labels: [],
    help: 'Changed objects that wait to be taken into the mesh',
  },
  pushes: {
    name: 'maesh_xds_pushes_total',
    type: 'counter',
    labels: ['type'],
    help: 'Messages of resources sent to proxies, by type of resource',
  },
  pushedResources: {
    name: 'maesh_xds_pushed_resources_total',
    type: 'counter',
    labels: ['type', 'change'],
    help: 'Resources in these messages, by type, set or removed',
  },
  pushedBytes: {
    name: 'maesh_xds_pushed_bytes_total',
    type: 'counter',
    labels: ['type'],
    help: 'Bytes of these messages, by type',
  },
  ackDuration: {
    name: 'maesh_xds_ack_duration_seconds',
    type: 'histogram',
    labels: ['type'],
    help: 'Time from a message to its acknowledgement by the proxy, by type; its count is the number of ACKs',
  },
  nacks: {
    name: 'maesh_xds_nacks_total',
    type: 'counter',
    labels: ['type'],
    help: 'Messages that a proxy rejected (NACK), by type',
  },
  connectedProxies: {
    name: 'maesh_connected_proxies',
    type: 'gauge',
    labels: [],
    help: 'Proxies that are connected now',
  },
  problems: {
    name: 'maesh_problems',
    type: 'gauge',
    labels: ['code'],
    help: 'Mistakes that are known now, by code (docs/problems.md); a code without any is left out',
  },
  services: {
    name: 'maesh_topology_services',
    type: 'gauge',
    labels: [],
    help: 'Services in the mesh',
  },
  servicePorts: {
    name: 'maesh_topology_service_ports',
    type: 'gauge',
    labels: ['traffic'],
    help: 'Ports of these services, by traffic type',
  },
  endpoints: {
    name: 'maesh_topology_endpoints',
    type: 'gauge',
    labels: ['traffic'],
    help: 'Endpoints of these ports, by traffic type; a pod counts once for each port',
  },
  meshPorts: {
    name: 'maesh_mesh_ports',
    type: 'gauge',
    labels: ['traffic', 'state'],
    help: 'Mesh ports by traffic type: used, resting (freed, but not yet to be given away) or free',
  },
  envoyRestarts: {
    name: 'maesh_envoy_restarts_total',
    type: 'counter',
    labels: [],
    help: 'How often Envoy was started again after it had died; standalone mode',
  },
  dnsQueries: {
    name: 'maesh_dns_queries_total',
    type: 'counter',
    labels: ['rcode'],
    help: 'DNS queries that were answered, by the code of the answer; standalone mode',
  },
  queueWaiting: {
    name: 'maesh_workqueue_depth',
    type: 'gauge',
    labels: ['queue'],
    help: 'Keys that wait in a work queue of the replica that writes to the cluster',
  },
  queueAdds: {
    name: 'maesh_workqueue_adds_total',
    type: 'counter',
    labels: ['queue'],
    help: 'Keys that were put into the queue; one that waits already is not put in again',
  },
  queueWait: {
    name: 'maesh_workqueue_queue_duration_seconds',
    type: 'histogram',
    labels: ['queue'],
    help: 'How long a key waited in the queue',
  },
  queueWork: {
    name: 'maesh_workqueue_work_duration_seconds',
    type: 'histogram',
    labels: ['queue'],
    help: 'How long the work for a key took',
  },
  queueUnfinished: {
    name: 'maesh_workqueue_unfinished_work_seconds',
    type: 'gauge',
    labels: ['queue'],
    help: 'How long all work that is under way has taken so far, added up',
  },
  queueLongest: {
    name: 'maesh_workqueue_longest_running_processor_seconds',
    type: 'gauge',
    labels: ['queue'],
    help: 'How long the oldest work that is under way has taken so far',
  },
  queueRetries: {
    name: 'maesh_workqueue_retries_total',
    type: 'counter',
    labels: ['queue'],
    help: 'Keys that were put back because the work for them failed',
  },
};
