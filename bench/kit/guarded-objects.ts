// A mesh whose services may be called by three service accounts each: what the suite `access` measures.

import type {
  KubeHttpRouteGroup,
  KubeIdentity,
  KubeObject,
  KubePod,
  KubeTrafficTarget,
} from '../../src/model/objects.ts';
import { kubePod, kubeService } from '../../test/kit/objects.ts';
import { kubeRouteGroup, kubeTarget } from '../../test/kit/smi-objects.ts';
import { backendAddresses, servicePort, silentAddress } from './addresses.ts';

/** Pods of each service; they have a service account of their own, the service's. */
export const podsEach = 5;
/** Service accounts that may call a service. */
const callersEach = 3;

const [backend = ''] = backendAddresses(0);

/**
 * A service, its pods and its TrafficTarget for each of `size`; every other TrafficTarget allows by account alone, the
 * others as the one HTTPRouteGroup says. Of the {@link called} service one pod is ready, and it answers.
 */
export function guardedObjects(size: number): readonly KubeObject[] {
  const services = Array.from({ length: size }, (_, n) => [
    kubeService({ name: `s${n}`, selector: { app: `s${n}` }, ports: [{ port: servicePort }] }),
    ...Array.from({ length: podsEach }, (__, p) => (n === called(size) ? calledPod(n, p) : podOf(n, p))),
    targetOf(n, size),
  ]);
  return [groupOf('/.*'), ...services.flat()];
}

/**
 * The service that is called, an even one: its mesh port is in the last block, whose routes a proxy gets after those of
 * all others.
 */
export function called(size: number): number {
  return size - (size % 2 === 0 ? 2 : 1);
}

function podOf(n: number, p: number): KubePod {
  return kubePod({
    name: `s${n}-${p}`,
    labels: { app: `s${n}` },
    serviceAccount: `s${n}`,
    ips: [silentAddress(n * podsEach + p)],
  });
}

function calledPod(n: number, p: number): KubePod {
  return { ...podOf(n, p), ready: p === 0, ...(p === 0 && { ips: [backend] }) };
}

/** Who may call the n-th service: the accounts of three services, by default of the three that follow it. */
export function targetOf(n: number, size: number, first: number = n + 1): KubeTrafficTarget {
  const account = (of: number): KubeIdentity => ({
    kind: 'ServiceAccount',
    name: `s${of % size}`,
    namespace: 'store',
  });
  return kubeTarget({
    name: `s${n}`,
    destination: account(n),
    sources: Array.from({ length: callersEach }, (_, k) => account(first + k)),
    rules: n % 2 === 0 ? [{ kind: 'HTTPRouteGroup', name: 'api', matches: [] }] : [],
  });
}

/** The HTTPRouteGroup to which half of the TrafficTargets refer: one match of GET and a path. */
export function groupOf(pathRegex: string): KubeHttpRouteGroup {
  return kubeRouteGroup({ matches: [{ name: 'all', methods: ['GET'], pathRegex }] });
}

/** A pod that calls: one more of the first account that may call the {@link called} service. */
export function callerAt(address: string, size: number): KubePod {
  const serviceAccount = `s${(called(size) + 1) % size}`;
  return kubePod({ name: 'caller', labels: {}, serviceAccount, ips: [address] });
}
