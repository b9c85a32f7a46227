// Shadow Services against the services that they stand for: what lacks, what is too much, what differs.

import { readShadow, type FoundShadow } from '../apply/shadow-reading.ts';
import { shadowName } from '../apply/shadow-name.ts';
import { shadowLabels, type ShadowPort } from '../apply/shadow.ts';
import { services } from '../apply/shadow-calls.ts';
import { byText, objectKey, type ServiceKey } from '../model/key.ts';
import type { ProblemCode } from '../model/problem-codes.ts';
import type { ServicePortJson, TopologyJson } from '../serve/http/api-types.ts';
import type { Cluster } from './cluster.ts';

/** The mesh's services that should have a shadow Service, by key, and the shadow Services that there are. */
export interface Shadows {
  readonly services: ReadonlyMap<ServiceKey, WantedService>;
  readonly found: readonly (FoundShadow & { readonly addresses: readonly string[] })[];
}

/** A service, with the ports for which there are mesh ports. */
type WantedService = readonly Pick<ServicePortJson, 'port' | 'protocol' | 'meshPort'>[];

/** Asks the controller for the one and the API server for the other. */
export async function askShadows(cluster: Cluster): Promise<Shadows> {
  const { client, namespace } = cluster;
  const controller = await cluster.leader();
  const labelSelector = Object.entries(shadowLabels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
  const [topology, objects] = await Promise.all([
    controller === undefined
      ? { services: {}, problems: [] }
      : cluster.get<TopologyJson>(controller.pod, '/api/topology/current'),
    client.list({ type: services, namespace, labelSelector }),
  ]);
  const found = objects.flatMap((object) => {
    const shadow = readShadow(namespace, object);
    return shadow === undefined ? [] : [{ ...shadow, addresses: addressesOf(shadow) }];
  });
  return { services: wantedOf(topology), found: found.toSorted((a, b) => byText(a.name, b.name)) };
}

/** Every port of a service gets a mesh port, except where these have run out, which is a problem of its own. */
function wantedOf({
  services: all,
  problems,
}: Pick<TopologyJson, 'services' | 'problems'>): Shadows['services'] {
  const exhausted = new Set(
    problems
      .filter(({ code }) => code === ('MAESH_PORTS_EXHAUSTED' satisfies ProblemCode))
      .map((problem) => objectKey(problem.namespace, problem.name)),
  );
  const wanted = new Map<ServiceKey, WantedService>();
  for (const { namespace, name, ports } of Object.values(all)) {
    const key = objectKey(namespace, name);
    const some = exhausted.has(key) ? ports.filter(({ meshPort }) => meshPort !== null) : ports;
    if (some.length > 0) wanted.set(key, some);
  }
  return wanted;
}

function addressesOf({ said }: FoundShadow): readonly string[] {
  const { clusterIPs } = said.spec;
  return Array.isArray(clusterIPs) ? clusterIPs.filter((each) => typeof each === 'string') : [];
}

/** What is wrong, a line for each service or shadow Service. */
export function shadowFaults({ services: wanted, found }: Shadows, meshNamespace: string): readonly string[] {
  const byName = new Map(found.map((shadow) => [shadow.name, shadow]));
  const names = new Set<string>();
  const faults: string[] = [];
  for (const [key, ports] of wanted) {
    const name = shadowName(meshNamespace, key);
    names.add(name);
    const shadow = byName.get(name);
    const differences = shadow === undefined ? ['is not there'] : portDifferences(ports, shadow.ports);
    if (differences.length > 0) faults.push(`shadow Service ${name} of ${key}: ${differences.join('; ')}`);
  }
  for (const { name, service } of found) {
    if (names.has(name)) continue;
    const whose =
      service === undefined ? 'nothing says for which service' : `${service} is no service of the mesh`;
    faults.push(`shadow Service ${name} is left over: ${whose}`);
  }
  return faults;
}

function portDifferences(wanted: WantedService, found: readonly ShadowPort[]): readonly string[] {
  const differences: string[] = [];
  for (const port of wanted) {
    const there = found.find((each) => isSame(each, port));
    if (there === undefined) differences.push(`${portName(port)} lacks`);
    // A port that is about to move is served at both.
    else if (there.meshPort !== port.meshPort && there.move === undefined) {
      const instead = port.meshPort === null ? '' : ` instead of ${port.meshPort}`;
      differences.push(`${portName(port)} leads to mesh port ${there.meshPort}${instead}`);
    }
  }
  for (const port of found) {
    if (!wanted.some((each) => isSame(each, port)))
      differences.push(`${portName(port)} is none of its service`);
  }
  return differences;
}

type PortName = Pick<ShadowPort, 'port' | 'protocol'>;

function isSame(a: PortName, b: PortName): boolean {
  return a.port === b.port && a.protocol === b.protocol;
}

function portName({ port, protocol }: PortName): string {
  return `${protocol} port ${port}`;
}
