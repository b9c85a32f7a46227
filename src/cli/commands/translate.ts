// `maesh translate`: what the mesh makes of a folder of manifests, without running it.

import { loopback, readinessPort } from '../../app/placement.ts';
import type { CommandSettings } from '../../config/settings.ts';
import { parseAddressRange } from '../../model/addresses.ts';
import { standalonePorts } from '../../model/ports.ts';
import type { Topology } from '../../model/topology.ts';
import { topologyPieces } from '../../serve/http/topology-json.ts';
import { resourcesToJson } from '../../translate/inspect.ts';
import { translate } from '../../translate/translate.ts';
import type { CommandContext } from '../command.ts';
import { documentText } from '../document.ts';
import { readMesh } from '../offline.ts';
import { problemText } from '../report.ts';

type Options = CommandSettings['translate'];

/** Prints what was asked for; problems are told on standard error and are no failure. */
export async function run(
  options: Options,
  { terminal: { out, err } }: Pick<CommandContext, 'terminal'>,
): Promise<number> {
  const { topology } = await readMesh(options);
  for (const problem of topology.problems) err.write(problemText(problem, err));
  const data = options.what === 'topology' ? topologyData(topology) : resourcesOf(topology, options);
  out.write(documentText(data, options.output));
  return 0;
}

/** The topology in the shape of the API. */
function topologyData(topology: Topology): object {
  return JSON.parse([...topologyPieces(topology)].join('')) as object;
}

/** What the Envoy of a standalone mesh that starts now would be told. */
function resourcesOf(topology: Topology, options: Options): object {
  const { addressRange, httpPort, acl, closeForbidden } = options;
  const meshAddress = parseAddressRange(addressRange)?.proxy ?? loopback;
  const resources = translate(topology, {
    meshAddress,
    ports: standalonePorts,
    readiness: { address: meshAddress, port: readinessPort },
    hostPort: { address: loopback, port: httpPort },
    isAccessControlled: acl,
    closesForbidden: closeForbidden,
  });
  return resourcesToJson(resources);
}
