import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { clientOf, replies } from '../../test/kit/kube-answers.ts';
import { Cluster } from './cluster.ts';
import { answers, installedController, versions } from './controller-checks.ts';

const at = '/api/v1/namespaces/maesh/pods';

function list(...items: readonly object[]): object {
  return { items, metadata: { resourceVersion: '1' } };
}

function named(name: string): { readonly metadata: object } {
  return { metadata: { name, namespace: 'maesh', resourceVersion: '1' } };
}

function deployment(name: string): object {
  const template = { spec: { containers: [] } };
  return { ...named(name), spec: { selector: { matchLabels: { app: 'maesh' } }, template } };
}

function pod(name: string): object {
  const conditions = [{ type: 'Ready', status: 'True' }];
  const status = { podIPs: [{ ip: '10.0.0.1' }], conditions };
  return { ...named(name), spec: { containers: [{}] }, status };
}

/** A cluster with these Deployments, and replicas that answer so, by the names of their pods. */
async function clusterOf(
  deployments: readonly string[],
  about: Readonly<Record<string, object>> = {},
): Promise<Cluster> {
  const documents = new Map<string, object>([
    ['/apis/apps/v1/namespaces/maesh/deployments', list(...deployments.map(deployment))],
    [at, list(...Object.keys(about).map(pod))],
    ...Object.entries(about).map(
      ([name, answer]) => [`${at}/${name}%3A9000/proxy/api/status/controller`, answer] as const,
    ),
  ]);
  const { client, url } = await clientOf((request, response) => {
    const document = documents.get(request.url?.split('?')[0] ?? '');
    replies(document === undefined ? 404 : 200, document ?? {})(request, response);
  });
  return new Cluster({ client, server: url, namespace: 'maesh', version: '2.0.0' });
}

function replica(version: string): object {
  return { version, name: 'a', cluster: { isLeading: false } };
}

describe('controller-installed', () => {
  it('is a warning where several releases are in one namespace', async () => {
    const { status, details } = await installedController(await clusterOf(['b', 'a']));
    assert.deepEqual([status, details], ['warning', ['Deployment a', 'Deployment b']]);
  });
});

describe('controller-versions', () => {
  it('says which replica is of which version while an update is under way', async () => {
    const cluster = await clusterOf(['a'], { 'a-1': replica('2.0.0'), 'a-2': replica('2.1.0') });
    const { status, message, details } = await versions(cluster);
    assert.deepEqual([status, message], ['warning', 'replicas are of 2 versions']);
    assert.deepEqual(details, ['pod a-1: 2.0.0', 'pod a-2: 2.1.0']);
  });
});

describe('controller-answers', () => {
  it('takes neither a standalone mesh nor anything else for a controller', async () => {
    const standalone = { version: '2.0.0', name: 'a', cluster: null };
    const cluster = await clusterOf(['a'], { 'a-1': standalone, 'a-2': {}, 'a-3': [] });
    assert.deepEqual((await answers(cluster)).details, [
      'pod a-1: what answers there is a standalone mesh',
      'pod a-2: what answers there is no controller of Maesh 2',
      'pod a-3: what answers there is no controller of Maesh 2',
    ]);
    const none = await clusterOf(['a']);
    assert.equal((await answers(none)).status, 'error');
  });
});
