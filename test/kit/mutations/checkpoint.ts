// Whether a mesh under change is what it should be when it has come to rest: exactly, in what Envoy holds, in what the
// API says, and in what requests get.

import { join } from 'node:path';
import { AllocationFile } from '../../../src/control/allocation-file.ts';
import type { Allocation } from '../../../src/model/compose.ts';
import { silentLog } from '../../../src/runtime/log.ts';
import type { NodeJson } from '../../../src/serve/http/api-types.ts';
import { typeUrls } from '../../../src/translate/resources.ts';
import { sendHttp } from '../clients/http.ts';
import { ServiceClient } from '../service-client.ts';
import { differences, held, told } from '../config-dump.ts';
import { fromScratch } from '../from-scratch.ts';
import { until } from '../until.ts';
import { callBy, meshName, waysOf, type Way } from './calls.ts';
import { backendsOf } from './expectations.ts';
import type { MeshUnderChange } from './mesh-under-change.ts';
import { changingKeys } from './mutation-table.ts';
import type { ServiceSpec, SpecPort } from './service-spec.ts';
import { wrongTopology } from './wrong-topology.ts';

/** Mends what is broken, waits until the mesh has come to rest, and returns all that is not as it should be. */
export async function checkpoint(one: MeshUnderChange, withinMs = 20_000): Promise<readonly string[]> {
  await one.mendAll();
  await until('Envoy to hold what the folder says', () => isAtRest(one), withinMs);
  return [
    ...wrongTopology(await one.mesh.topology(), one.world),
    ...(await wrongAnswers(one)),
    ...(await refusals(one)),
    ...overlaps(new AllocationFile(join(one.stateDir, 'allocation.json'), silentLog).load()),
  ];
}

/** What Envoy holds against the model built from scratch; throws what differs. */
async function isAtRest(one: MeshUnderChange): Promise<true> {
  const { folder, stateDir, addressRange, mesh, doors } = one;
  const started = { dirs: [folder], stateDir, addressRange, httpPort: doors.http.port };
  const { resources } = await fromScratch(started);
  const [node] = (await mesh.json('/api/status/nodes')) as readonly NodeJson[];
  if (node === undefined) throw new Error('no proxy is connected');
  const dump = await mesh.json(`/api/status/node/${encodeURIComponent(node.Name)}/configuration`);
  const differing = differences(told(resources), held(dump));
  if (differing.length > 0) throw new Error(differing.join('\n'));
  const admin = await one.envoyAdmin();
  const { body } = await sendHttp({ ...admin, path: '/listeners?format=json', timeoutMs: 20_000 });
  const { listener_statuses: listening = [] } = JSON.parse(body) as {
    readonly listener_statuses?: ReadonlyArray<{ readonly name: string }>;
  };
  const names = new Set(listening.map(({ name }) => name));
  const missing = [...resources[typeUrls.listener].keys()].filter((name) => !names.has(name));
  if (missing.length > 0) throw new Error(`Envoy has yet to open ${missing.join(', ')}`);
  return true;
}

/** A request to each port of each service by each way, and to each service that is not there. */
async function wrongAnswers(one: MeshUnderChange): Promise<readonly string[]> {
  const { world, doors } = one;
  // With connections of its own: those that were opened before may belong to what a service was then.
  using client = new ServiceClient((await one.mesh.ports()).dns);
  const checks: Promise<string | undefined>[] = [];
  for (const spec of world.specs.values()) {
    for (const port of spec.ports) {
      for (const way of waysOf(spec)) checks.push(wrongAnswer(one, client, { spec, port, way }));
    }
  }
  for (const key of changingKeys) if (!world.specs.has(key)) checks.push(shouldBeUnknown(key));
  return (await Promise.all(checks)).filter((wrong) => wrong !== undefined);

  async function shouldBeUnknown(key: string): Promise<string | undefined> {
    const name = meshName(key);
    const address = await doors.resolve(name);
    const outcome = await client.call({ name, traffic: 'http', to: doors.http, host: name });
    const isGone = address === undefined && outcome.kind === 'failure' && outcome.what === 'status 404';
    return isGone
      ? undefined
      : `${name} is not there: ${address ?? 'no address'}, ${JSON.stringify(outcome)}`;
  }
}

async function wrongAnswer(
  { mesh, doors }: MeshUnderChange,
  client: ServiceClient,
  { spec, port, way }: { readonly spec: ServiceSpec; readonly port: SpecPort; readonly way: Way },
): Promise<string | undefined> {
  const { traffic, key } = spec;
  const subject = `${key}:${port.port} (${traffic}) by ${way}`;
  const call = await callBy(way, { spec, port }, { topology: await mesh.topology(), doors });
  if (call === undefined) return `${subject} is nowhere`;
  const backends = backendsOf(spec, { traffic, port: port.port });
  const timeoutMs = traffic === 'udp' && backends.length === 0 ? 200 : 5_000;
  const outcome = await client.call({ ...call, timeoutMs });
  const empty = { http: 'status 503', tcp: 'closed', udp: 'timeout' } as const;
  const isRight =
    outcome.kind === 'answer'
      ? backends.includes(outcome.backend)
      : backends.length === 0 && outcome.what === empty[traffic];
  return isRight
    ? undefined
    : `${subject}: ${JSON.stringify(outcome)}, and not ${backends.join() || empty[traffic]}`;
}

/** What Envoy refused, ever or now. */
async function refusals({ mesh }: MeshUnderChange): Promise<readonly string[]> {
  const nacks = (await mesh.metrics()).sum('maesh_xds_nacks_total');
  const refused = (await mesh.problems()).filter(({ code }) => code === 'MAESH_PROXY_REJECTED');
  return [
    ...(nacks > 0 ? [`Envoy has refused ${nacks} messages: ${JSON.stringify(mesh.lines(/rejected/))}`] : []),
    ...refused.map(({ message }) => message),
  ];
}

/** Numbers that are given to two, or given although they rest. */
function overlaps({ ports, addresses }: Allocation): readonly string[] {
  return Object.entries({ ...ports, addresses }).flatMap(([what, { assigned, resting }]) => {
    const numbers = [...assigned.values(), ...resting];
    return new Set(numbers).size === numbers.length ? [] : [`some ${what} number is given twice`];
  });
}
