// Which kinds of which API versions are read, by which function. Any other kind is left alone.

import type { Kind } from '../../model/objects.ts';
import { parseEndpointSlice } from './endpoint-slice.ts';
import { parseEndpoints } from './endpoints.ts';
import { parseNamespace } from './namespace.ts';
import type { Parsed } from './parsed.ts';
import { parsePod } from './pod.ts';
import { parseServiceAccount } from './service-account.ts';
import { parseService } from './service.ts';

/** How a kind is known and read. */
export interface KindParser {
  readonly kind: Kind;
  /** API group; empty for the core group, whose versions stand alone (`v1`). */
  readonly group: string;
  readonly version: string;
  readonly parse: (value: unknown) => Parsed;
}

/** Every kind that the mesh reads. */
export const kindParsers: Readonly<Record<Kind, KindParser>> = {
  Service: { kind: 'Service', group: '', version: 'v1', parse: parseService },
  EndpointSlice: {
    kind: 'EndpointSlice',
    group: 'discovery.k8s.io',
    version: 'v1',
    parse: parseEndpointSlice,
  },
  Endpoints: { kind: 'Endpoints', group: '', version: 'v1', parse: parseEndpoints },
  Pod: { kind: 'Pod', group: '', version: 'v1', parse: parsePod },
  Namespace: { kind: 'Namespace', group: '', version: 'v1', parse: parseNamespace },
  ServiceAccount: { kind: 'ServiceAccount', group: '', version: 'v1', parse: parseServiceAccount },
};
