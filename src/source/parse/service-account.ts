// core/v1 ServiceAccount, from a manifest or the API.

import { z } from 'zod';
import type { KubeServiceAccount } from '../../model/objects.ts';
import { metadata, subdomainName } from './fields.ts';
import { parseAs, type Parsed } from './parsed.ts';

const schema = z.object({ metadata: metadata(subdomainName, {}) });

/** Reads a ServiceAccount. */
export function parseServiceAccount(value: unknown): Parsed<KubeServiceAccount> {
  return parseAs({ kind: 'ServiceAccount', schema, reduce }, value);
}

function reduce(value: z.output<typeof schema>): KubeServiceAccount {
  const { name, namespace, labels } = value.metadata;
  return { kind: 'ServiceAccount', namespace, name, labels };
}
