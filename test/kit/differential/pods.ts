// The pods that all cases share: real servers of the test's own process, and addresses at which nobody answers.

import { startHttpBackend } from '../backends/http.ts';
import { startHttpsBackend } from '../backends/https.ts';
import { startTcpBackend } from '../backends/tcp.ts';
import { startUdpBackend } from '../backends/udp.ts';

/** Pods that answer, on each of {@link podPorts}. */
const alive = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8'] as const;

/** A pod's name in the pool. Those of `dead` refuse every connection. */
export type PodName = (typeof alive)[number] | 'dead1' | 'dead2';

/** What pods answer on which port; the names are those of container ports too. */
export const podPorts = { http: 8080, alt: 8081, https: 8443, tcp: 9000, udp: 9001 };

/** Where pods are: in the test's range of addresses, behind those of the meshes. */
const [aliveRange, deadRange] = ['127.112.200', '127.112.201'];

/** Address of a pod. */
export function podAddress(pod: PodName): string {
  const number = Number(pod.replaceAll(/\D/g, ''));
  return `${pod.startsWith('dead') ? deadRange : aliveRange}.${number}`;
}

/** Starts the pods that answer. They call themselves by their name and port: `p1:8080`. */
export async function startPods(): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  for (const pod of alive) {
    const at = (port: number): { name: string; address: string; port: number } => ({
      name: `${pod}:${port}`,
      address: podAddress(pod),
      port,
    });
    stack.use(await startHttpBackend(at(podPorts.http)));
    stack.use(await startHttpBackend(at(podPorts.alt)));
    stack.use(await startHttpsBackend(at(podPorts.https)));
    stack.use(await startTcpBackend(at(podPorts.tcp)));
    stack.use(await startUdpBackend(at(podPorts.udp)));
  }
  return stack.move();
}
