// core/v1 Namespace, from a manifest or the API.

import { z } from 'zod';
import type { KubeNamespace } from '../../model/objects.ts';
import { labelName, textMap } from './fields.ts';
import { parseAs, type Parsed } from './parsed.ts';

const schema = z.object({ metadata: z.object({ name: labelName, labels: textMap }) });

/** Reads a Namespace. */
export function parseNamespace(value: unknown): Parsed<KubeNamespace> {
  return parseAs({ kind: 'Namespace', schema, reduce }, value);
}

function reduce({ metadata }: z.output<typeof schema>): KubeNamespace {
  return { kind: 'Namespace', namespace: '', name: metadata.name, labels: metadata.labels };
}
