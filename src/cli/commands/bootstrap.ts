// `maesh bootstrap`: what an Envoy that others start is started with.

import type { CommandSettings } from '../../config/settings.ts';
import { bootstrap } from '../../translate/bootstrap.ts';
import type { CommandContext } from '../command.ts';
import { documentText } from '../document.ts';

/** Prints the bootstrap, ready for `envoy -c`. */
export function run(
  { nodeId, namespace, zone, xdsHost, xdsPort, adminHost, adminPort, output }: CommandSettings['bootstrap'],
  { terminal, surroundings }: Pick<CommandContext, 'terminal' | 'surroundings'>,
): Promise<number> {
  const document = bootstrap({
    nodeId: nodeId ?? surroundings.hostname,
    cluster: namespace,
    ...(zone === undefined ? {} : { zone }),
    xds: { address: xdsHost, port: xdsPort },
    admin: { address: adminHost, port: adminPort },
  });
  terminal.out.write(documentText(document, output));
  return Promise.resolve(0);
}
