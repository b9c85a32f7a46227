// What proxies must be told by a folder as it is now: read, built and translated from scratch, with nothing known from
// before but which ports and addresses were handed out.

import { join } from 'node:path';
import { place } from '../../src/app/placement.ts';
import { AllocationFile } from '../../src/control/allocation-file.ts';
import { TopologyBuilder } from '../../src/model/build.ts';
import type { Offer } from '../../src/model/offer.ts';
import type { Topology } from '../../src/model/topology.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createFileSource } from '../../src/source/file/file-source.ts';
import type { Resources } from '../../src/translate/resources.ts';
import { translate } from '../../src/translate/translate.ts';

/** A standalone mesh as it was started. */
export interface StartedMesh {
  readonly dirs: readonly string[];
  readonly stateDir: string;
  readonly addressRange: string;
  readonly httpPort: number;
}

/** Reads everything anew. */
export async function fromScratch(
  mesh: StartedMesh,
): Promise<{ readonly topology: Topology; readonly resources: Resources }> {
  const { addressRange, httpPort } = mesh;
  const limits = { limitHTTPPort: undefined, limitTCPPort: undefined, limitUDPPort: undefined };
  const placement = await place(
    // The port is the running mesh's: as one of an external Envoy's it is not tried.
    {
      addressRange,
      httpPort,
      envoy: 'external',
      defaultMode: 'http',
      acl: false,
      closeForbidden: false,
      ...limits,
    },
    silentLog,
  );
  const allocation = new AllocationFile(join(mesh.stateDir, 'allocation.json'), silentLog).load();
  const builder = new TopologyBuilder(placement.model, allocation);
  builder.apply(await firstOffer(mesh.dirs));
  const topology = builder.build();
  return { topology, resources: translate(topology, placement.translate) };
}

async function firstOffer(paths: readonly string[]): Promise<Offer> {
  const end = new AbortController();
  let first: Offer | undefined;
  const source = createFileSource({ paths, log: silentLog });
  await source.run((offer) => {
    first ??= offer;
    end.abort();
  }, end.signal);
  if (first === undefined) throw new Error('The source has offered nothing');
  return first;
}
