// Who may call a service port, as the topology says it.

import type { ServiceKey } from '../key.ts';
import type { PortDraft } from '../services.ts';
import type { AccessRule, Endpoint, ServicePort } from '../topology.ts';
import type { Access } from './access-drafts.ts';

const nobody: readonly AccessRule[] = [];

/** The rules of a port, and its endpoints with whose they are; nothing of either where access isn't controlled. */
export function portAccess(
  port: PortDraft,
  of: { readonly service: ServiceKey; readonly access: Access | undefined },
): Partial<Pick<ServicePort, 'access' | 'endpoints'>> {
  if (of.access === undefined) return {};
  const { rules, accountOf } = of.access.services.get(of.service) ?? {};
  const access = rules?.get(port.key) ?? nobody;
  const withAccount = (endpoint: Endpoint): Endpoint => {
    const account = endpoint.pod === undefined ? undefined : accountOf?.(endpoint.pod);
    return account === undefined ? endpoint : { ...endpoint, account };
  };
  return { access, endpoints: port.endpoints.map(withAccount) };
}
