// Everything that the cases need, started once: pods, a mesh of ours with its Envoy, and a Traefik that is configured as the
// original would have done it.

import { portKey } from '../../../src/model/key.ts';
import type { KubeObject } from '../../../src/model/objects.ts';
import { manifestOf } from '../manifest-of.ts';
import { TestMesh } from '../mesh.ts';
import { startClusterNames } from '../original/cluster-names.ts';
import { originalConfiguration } from '../original/configuration.ts';
import { startTraefik } from '../original/traefik.ts';
import { firstEntryPort, type OriginalWorld } from '../original/world.ts';
import type { Dial } from '../clients/http.ts';
import type { Case, Probe } from './case.ts';
import type { Sides } from './compare.ts';
import { outcomeOf } from './outcome.ts';
import { podAddress, podPorts, startPods } from './pods.ts';

/** Both sides, with all cases in place. */
export interface Arena extends AsyncDisposable {
  /** Sends what a probe says to both sides. */
  readonly ask: (given: Case, probe: Probe) => Promise<Sides>;
}

/** Where everything is: services of our mesh below, the original's proxies above; pods and callers are in between. */
const ranges = { mesh: '127.112.0.0/17', original: '127.112.250.1' };

/** Starts both sides. */
export async function openArena(cases: readonly Case[], isAccessControlled: boolean): Promise<Arena> {
  await using stack = new AsyncDisposableStack();
  const files = Object.fromEntries(
    cases.map(({ namespace, objects }) => [`${namespace}.yaml`, manifests(objects)]),
  );
  // First, since it holds the lock of the addresses.
  const mesh = stack.use(await TestMesh.start({ addressRange: ranges.mesh, files, isAccessControlled }));
  stack.use(await startPods());
  const original = originalConfiguration(
    cases.flatMap(({ objects }) => objects),
    { proxyAddress: ranges.original, isAccessControlled },
  );
  const names = stack.use(
    await startClusterNames(ranges.original, { world: original.world, address: ranges.original }),
  );
  const pod = (port: number): Dial => ({ address: podAddress('p1'), port });
  stack.use(
    await startTraefik({
      address: ranges.original,
      mesh: original,
      forwardProxy: names,
      ready: { http: pod(podPorts.http), udp: pod(podPorts.udp) },
    }),
  );
  const ask = async (given: Case, probe: Probe): Promise<Sides> => {
    const { namespace } = given;
    const host = probe.host ?? `${probe.service}.${namespace}.traefik.mesh`;
    const [before, here] = await Promise.all([
      outcomeOf(probe, originalEntrance(original.world, namespace, probe), host),
      outcomeOf(probe, ourEntrance(mesh, namespace, probe), host),
    ]);
    return { original: before, here };
  };
  const rest = stack.move();
  return { ask, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

function ourEntrance(mesh: TestMesh, namespace: string, { service, port, traffic, entrance }: Probe): Dial {
  if (entrance === 'host port') return mesh.httpPort;
  const key = portKey(`${namespace}/${service}`, port, traffic === 'udp' ? 'UDP' : 'TCP');
  return { address: mesh.proxyAddress, port: mesh.ports.get(key)?.meshPort ?? 1 };
}

/** Where DNS and kube-proxy would lead a caller. What the original had no entry point for, is at the first of HTTP. */
function originalEntrance(world: OriginalWorld, namespace: string, { service, port }: Probe): Dial {
  const object = world.services.get(`${namespace}/${service}`);
  const entries = object === undefined ? [] : world.entryPorts(object);
  const entry = entries.find((each) => each.port.port === port);
  return { address: ranges.original, port: entry?.entryPort ?? firstEntryPort.http };
}

/** JSON is YAML. */
function manifests(objects: readonly KubeObject[]): string {
  return objects.map((object) => JSON.stringify(manifestOf(object))).join('\n---\n');
}
