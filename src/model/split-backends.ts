// The last step of a split: of the backends that it was drafted with, those that are served.

import type { Access } from './access/access-drafts.ts';
import { portAccess } from './access/port-access.ts';
import type { PortKey, ServiceKey } from './key.ts';
import type { PortDraft, ServiceDraft } from './services.ts';
import type { SplitShare } from './split-shares.ts';
import type { SplitDraft } from './splits.ts';
import type { ServicePort, Split, SplitBackend } from './topology.ts';

/** What is known of the services of the mesh. */
export interface ServedServices {
  readonly drafts: ReadonlyMap<ServiceKey, ServiceDraft>;
  readonly isServed: (port: PortDraft) => boolean;
  /** Undefined where everybody may call everything. */
  readonly access: Access | undefined;
}

/**
 * The splits of a port. A backend that isn't served (yet) gets nothing, and the others share what it would get; a split
 * of which none is served does nothing.
 */
export function splitsOf(
  drafts: readonly SplitDraft[] | undefined,
  services: ServedServices,
): Pick<ServicePort, 'splits'> {
  const splits: Split[] = [];
  for (const { matches, shares } of drafts ?? []) {
    const backends = shares.flatMap((share) => backendOf(share, services) ?? []);
    if (backends.length > 0) splits.push({ ...(matches !== undefined && { matches }), backends });
  }
  return splits.length === 0 ? {} : { splits };
}

function backendOf(
  { service, port: key, weight }: SplitShare,
  { drafts, isServed, access: of }: ServedServices,
): SplitBackend | undefined {
  const port = portOf(drafts.get(service), key);
  if (port === undefined || !isServed(port)) return undefined;
  const { policy, traffic } = port;
  const { access, endpoints = port.endpoints } = portAccess(port, { service, access: of });
  return {
    key,
    weight,
    ...(policy !== undefined && { policy }),
    ...(access !== undefined && { access }),
    ...(traffic !== 'http' && { endpoints }),
  };
}

function portOf(draft: ServiceDraft | undefined, key: PortKey): PortDraft | undefined {
  return draft?.ports.find((port) => port.key === key);
}
