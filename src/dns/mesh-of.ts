// Whose names a configuration has: that of the mesh in which namespace.

import { shadowSeparator } from './corefile/mesh-block.ts';

/** The rule by which ours and the original's blocks make the name of a shadow Service, which ends in the mesh's namespace. */
const rule = new RegExp(String.raw`-\{\d\}${shadowSeparator}\{\d\}\.([a-z0-9-]+)\.svc\.`);

/** The namespace of the mesh whose names are in a Corefile; undefined where none are. */
export function meshOf(corefile: string): string | undefined {
  return rule.exec(corefile)?.[1];
}
