// A mesh with access control, whose services let wrk in by different rules.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { KubeHttpMatch, KubeObject } from '../../src/model/objects.ts';
import { manifestOf } from '../../test/kit/manifest-of.ts';
import { kubePod, kubeService } from '../../test/kit/objects.ts';
import { kubeRouteGroup, kubeTarget } from '../../test/kit/smi-objects.ts';
import { guardedRange, pathAddresses, servicePort } from '../kit/addresses.ts';
import { Maesh } from '../kit/maesh.ts';
import { World } from '../kit/world.ts';
import { meshUrl, type Contender, type Sharing } from './contenders.ts';

const namespace = 'bench';
/** Where connections to loopback addresses come from. */
const caller = kubePod({
  namespace,
  name: 'caller',
  labels: {},
  serviceAccount: 'caller',
  ips: ['127.0.0.1'],
});

/** Which requests a service's rule allows, by what the benchmark calls it; none: all. */
const allowed: Readonly<Record<string, readonly Partial<KubeHttpMatch>[]>> = {
  'access, by account': [],
  'access, the tenth match of method and path': Array.from({ length: 10 }, (_, n) => ({
    name: `match-${n}`,
    methods: ['GET'],
    pathRegex: n === 9 ? '/.*' : `/nobody/[0-9]+/${n}`,
  })),
};

/** Starts the mesh; the backend is another's. */
export async function openGuarded(
  sharing: Sharing,
): Promise<AsyncDisposable & { readonly contenders: readonly Contender[] }> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await World.create(10));
  const services = Object.entries(allowed).map(([name, matches], n) => ({
    name,
    service: `guarded-${n}`,
    matches,
  }));
  const objects = [caller, ...services.flatMap(objectsOf)];
  const manifests = objects.map((object) => JSON.stringify(manifestOf(object)));
  await writeFile(join(world.dir, 'access.yaml'), manifests.join('\n---\n'));
  const maesh = stack.use(
    await Maesh.start(world, {
      concurrency: sharing.workers,
      wrap: sharing.proxy,
      isAccessControlled: true,
      range: guardedRange,
    }),
  );
  const pid = await maesh.envoyPid();
  const contenders: Contender[] = [];
  for (const { name, service } of services) {
    contenders.push({ name, pid, url: await meshUrl(maesh, service), host: `${service}.bench.maesh` });
  }
  const rest = stack.move();
  return { contenders, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

/** A service, its pod (the backend), and who may call it for what. */
function objectsOf({
  service: name,
  matches,
}: {
  readonly service: string;
  readonly matches: readonly Partial<KubeHttpMatch>[];
}): readonly KubeObject[] {
  const labels = { app: name };
  return [
    kubeService({ namespace, name, selector: labels, ports: [{ port: servicePort }] }),
    kubePod({ namespace, name, labels, serviceAccount: name, ips: [pathAddresses.backend] }),
    kubeRouteGroup({ namespace, name, matches }),
    kubeTarget({
      namespace,
      name,
      destination: { kind: 'ServiceAccount', name, namespace },
      sources: [{ kind: 'ServiceAccount', name: caller.serviceAccount, namespace }],
      rules: matches.length === 0 ? [] : [{ kind: 'HTTPRouteGroup', name, matches: [] }],
    }),
  ];
}
