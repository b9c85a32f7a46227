import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePod } from './pod.ts';

const metadata = { name: 'shop-1', namespace: 'store', labels: { app: 'shop' } };

function podOf(value: unknown) {
  const parsed = parsePod(value);
  assert.ok('object' in parsed, JSON.stringify(parsed));
  return parsed.object;
}

describe('parsePod()', () => {
  it('reads a running pod', () => {
    const pod = podOf({
      metadata,
      spec: { nodeName: 'worker-1', serviceAccountName: 'shop', hostNetwork: true, containers: [] },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
        conditions: [
          { type: 'PodScheduled', status: 'True' },
          { type: 'Ready', status: 'True' },
        ],
      },
    });
    assert.deepEqual(pod, {
      kind: 'Pod',
      namespace: 'store',
      name: 'shop-1',
      labels: { app: 'shop' },
      nodeName: 'worker-1',
      serviceAccount: 'shop',
      ips: ['10.0.0.1', 'fd00::1'],
      ready: true,
      terminating: false,
      finished: false,
      hostNetwork: true,
      containerPorts: [],
    });
  });

  it('takes a pod without status for one that is neither ready nor has an address', () => {
    const pod = podOf({ metadata, spec: {} });
    assert.deepEqual([pod.ready, pod.ips, pod.finished], [false, [], false]);
    assert.deepEqual([pod.serviceAccount, pod.nodeName, pod.hostNetwork], ['default', undefined, false]);
  });

  it('takes podIP where there are no podIPs', () => {
    assert.deepEqual(podOf({ metadata, spec: {}, status: { podIP: '10.0.0.1' } }).ips, ['10.0.0.1']);
    assert.deepEqual(podOf({ metadata, spec: {}, status: { podIP: '' } }).ips, []);
  });

  it('knows pods that are on their way out', () => {
    assert.equal(podOf({ metadata: { ...metadata, deletionTimestamp: 'now' }, spec: {} }).terminating, true);
    assert.equal(podOf({ metadata: { ...metadata, deletionTimestamp: null }, spec: {} }).terminating, false);
    for (const phase of ['Succeeded', 'Failed']) {
      assert.equal(podOf({ metadata, spec: {}, status: { phase } }).finished, true);
    }
    const status = { conditions: [{ type: 'Ready', status: 'False' }] };
    assert.equal(podOf({ metadata, spec: {}, status }).ready, false);
  });

  it('lists the ports of all containers, and of init containers that keep running', () => {
    const pod = podOf({
      metadata,
      spec: {
        containers: [
          {
            ports: [
              { containerPort: 8080, name: 'web' },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
          { ports: null },
        ],
        initContainers: [
          { ports: [{ containerPort: 1, name: 'once' }] },
          { ports: [{ containerPort: 9443, name: 'tunnel' }], restartPolicy: 'Always' },
        ],
      },
    });
    assert.deepEqual(pod.containerPorts, [
      { name: 'web', port: 8080, protocol: 'TCP' },
      { name: '', port: 53, protocol: 'UDP' },
      { name: 'tunnel', port: 9443, protocol: 'TCP' },
    ]);
  });

  it('refuses container ports out of range and addresses that are none', () => {
    const parsed = parsePod({
      metadata,
      spec: { containers: [{ ports: [{ containerPort: 0 }] }] },
      status: { podIPs: [{ ip: 'here' }] },
    });
    assert.ok('problems' in parsed);
    assert.deepEqual(
      parsed.problems.map(({ code, message }) => `${code} ${message}`),
      [
        'MAESH_PORT_RANGE spec.containers[0].ports[0].containerPort is 0, but must be a whole number from 1 to 65535',
        'MAESH_OBJECT_INVALID status.podIPs[0].ip is "here", but must be an IP address',
      ],
    );
  });
});
