// The servers of a cluster's DNS, each asked by itself.

import { Resolver } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';

import type { KubeObjects } from './kube-objects.ts';
import { podsNow } from './pods/test-pod.ts';
import { until } from './until.ts';

/** Waits until a condition holds for each server of the cluster's DNS: those that there are then, wherever they are. */
export async function eachDnsServer(
  what: string,
  {
    objects,
    condition,
  }: { readonly objects: KubeObjects; readonly condition: (server: Resolver) => Promise<boolean> },
): Promise<void> {
  const holds = async (): Promise<true | undefined> => {
    await delay(100);
    const pods = await podsNow(objects, { namespace: 'kube-system', label: 'k8s-app=kube-dns' });
    for (const { address } of pods) {
      const server = new Resolver({ timeout: 1_000, tries: 1 });
      server.setServers([address]);
      if (!(await condition(server))) return undefined;
    }
    return pods.length > 0 || undefined;
  };
  await until(`the moment at which each server of the cluster's DNS ${what}`, holds, 150_000);
}
