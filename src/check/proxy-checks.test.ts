import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { clientOf, replies } from '../../test/kit/kube-answers.ts';
import { Cluster } from './cluster.ts';
import type { Finding } from './finding.ts';
import { readyProxies } from './proxy-checks.ts';

const conditions = [{ type: 'Ready', status: 'True' }];

function named(name: string, namespace: string = 'maesh'): { readonly metadata: object } {
  return { metadata: { name, namespace, resourceVersion: '1' } };
}

function node(name: string, spec: object = {}): object {
  return { ...named(name, ''), spec, status: { conditions } };
}

function pod(nodeName: string): object {
  return { ...named(`on-${nodeName}`), spec: { nodeName, containers: [{}] }, status: { conditions } };
}

/** What is found where there are these nodes, and pods of a DaemonSet with this in its template. */
async function found(given: {
  readonly nodes: readonly object[];
  readonly pods: readonly object[];
  readonly spec?: object;
}): Promise<Finding> {
  const { nodes, pods, spec = {} } = given;
  const template = { spec: { containers: [], ...spec } };
  const daemonSet = { ...named('maesh-mesh'), spec: { selector: { matchLabels: { a: 'b' } }, template } };
  const documents: Readonly<Record<string, readonly object[]>> = {
    '/apis/apps/v1/namespaces/maesh/daemonsets': [daemonSet],
    '/api/v1/namespaces/maesh/pods': pods,
    '/api/v1/nodes': nodes,
  };
  const { client, url } = await clientOf((request, response) => {
    const items = documents[request.url?.split('?')[0] ?? ''] ?? [];
    replies(200, { items, metadata: { resourceVersion: '1' } })(request, response);
  });
  return await readyProxies(new Cluster({ client, server: url, namespace: 'maesh', version: '2.0.0' }));
}

describe('proxies-ready', () => {
  it('says of how many nodes the DaemonSet keeps off, as callers there go elsewhere', async () => {
    const taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    const { status, message } = await found({ nodes: [node('a'), node('b', { taints })], pods: [pod('a')] });
    assert.equal(status, 'ok');
    assert.equal(message, 'on 1 node; 1 more that it is not for: callers there are sent to other nodes');
  });

  it('takes it from the pods for which nodes a DaemonSet with an affinity is', async () => {
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: {} };
    const spec = { affinity: { nodeAffinity } };
    const nodes = [node('a'), node('b')];
    assert.equal((await found({ nodes, pods: [pod('a')], spec })).status, 'ok');
    assert.equal((await found({ nodes, pods: [pod('a')] })).status, 'error');
  });

  it('is an error where there is no node for it', async () => {
    const spec = { nodeSelector: { disk: 'fast' } };
    const { status, message } = await found({ nodes: [node('a')], pods: [], spec });
    assert.equal(status, 'error');
    assert.match(message, /no node that DaemonSet maesh-mesh is for/);
  });
});
