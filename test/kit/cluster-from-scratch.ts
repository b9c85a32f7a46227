// What proxies must be told by an API server as it is now: read, built and translated from scratch, with nothing known
// from before but the mesh ports on record.

import { readinessPort } from '../../src/app/placement.ts';
import { TopologyBuilder } from '../../src/model/build.ts';
import { clusterPorts } from '../../src/model/ports.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { Resources } from '../../src/translate/resources.ts';
import { translate } from '../../src/translate/translate.ts';
import type { ControlPlane } from './control-plane.ts';
import { KubernetesWorld } from './kubernetes-world.ts';
import type { MeshInCluster } from './mesh-in-cluster.ts';
import { OfferRecorder } from './offer-recorder.ts';

/** Reads everything anew, for a mesh with the usual settings whose proxies open mesh ports on this address. */
export async function clusterFromScratch(
  mesh: MeshInCluster,
  { plane, proxyAddress }: { readonly plane: ControlPlane; readonly proxyAddress: string },
): Promise<{ readonly topology: Topology; readonly resources: Resources }> {
  const namespaces = { watch: [mesh.namespaces.services], ignore: [] };
  await using world = await KubernetesWorld.create({ plane, namespaces });
  await using recorder = await OfferRecorder.start(world.makeSource());
  const ports = clusterPorts;
  const builder = new TopologyBuilder({ defaultMode: 'http', ports, addresses: undefined });
  const recorded = [...(await mesh.meshPorts())];
  builder.record(new Map(recorded.map(([key, port]) => [`${mesh.namespaces.services}/${key}`, port])));
  for (const offer of recorder.offers) builder.apply(offer);
  const topology = builder.build();
  const readiness = { address: proxyAddress, port: readinessPort };
  const resources = translate(topology, { meshAddress: proxyAddress, ports, readiness, hostPort: undefined });
  return { topology, resources };
}
