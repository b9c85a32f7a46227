// When a cluster is as it was after its API server was away: its clients wait up to a minute before they ask again, and until
// then a node sends calls where they went before, and a DNS server doesn't know what is new.

import { eachDnsServer } from './dns-servers.ts';
import type { KubeObject, KubeObjects } from './kube-objects.ts';
import type { TestPod } from './pods/test-pod.ts';
import { until } from './until.ts';

/** The DNS servers' own health, as a Service that nobody knows yet. */
const news: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'news', namespace: 'kube-system' },
  spec: { selector: { 'k8s-app': 'kube-dns' }, ports: [{ port: 80, targetPort: 8080 }] },
};

/** Resolves when every DNS server, and the nodes of these pods, have heard of a Service that is made now. */
export async function caughtUp(objects: KubeObjects, pods: Iterable<TestPod>): Promise<void> {
  await objects.apply(news);
  const { spec } = (await objects.get(news)) as unknown as { readonly spec: { readonly clusterIP: string } };
  for (const pod of pods) {
    const call = (): Promise<object> =>
      pod.call('http', { address: spec.clusterIP, port: 80, path: '/health', timeoutMs: 1_000 });
    await until(`${pod.node} to hear of a new Service`, call, 150_000);
  }
  await eachDnsServer('knows a new Service', {
    objects,
    condition: async (server) => (await server.resolve4('news.kube-system.svc.cluster.local')).length > 0,
  });
  await objects.delete(news);
}
