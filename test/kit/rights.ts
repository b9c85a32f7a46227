// What roles allow, as single rights: where, what and how.

import type { AuditEvent } from './audit.ts';
import type { KubeObject } from './kube-objects.ts';

/** A Role or ClusterRole. */
interface Role extends KubeObject {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
}

/** A right, or a request that needs one. */
export interface Right {
  /** `*`: all namespaces, and what is in none. */
  readonly namespace: string;
  /** Such as `apps/deployments` or `/pods`. Those of the Service Mesh Interface, which are treated alike, are one: `smi`. */
  readonly resource: string;
  readonly verb: string;
}

/** The rights that roles give, each once. */
export function rightsOf(objects: readonly KubeObject[]): readonly Right[] {
  const roles = objects.filter(isRole);
  const all = roles.flatMap(({ metadata: { namespace = '*' }, rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((name) =>
          verbs.map((verb): Right => ({ namespace, resource: resourceName(group, name), verb })),
        ),
      ),
    ),
  );
  return [...new Map(all.map((right) => [rightText(right), right])).values()];
}

/** Whether a request is what a right is for. */
export function isUseOf(
  { namespace, resource, verb }: Right,
  { objectRef, verb: asked }: AuditEvent,
): boolean {
  if (objectRef === undefined || asked !== verb) return false;
  const { apiGroup = '', resource: name, subresource } = objectRef;
  const isThere = namespace === '*' ? true : objectRef.namespace === namespace;
  return (
    isThere &&
    resourceName(apiGroup, subresource === undefined ? name : `${name}/${subresource}`) === resource
  );
}

/** A right as a line: `list /pods in maesh`. */
export function rightText({ namespace, resource, verb }: Right): string {
  return `${verb} ${resource} in ${namespace}`;
}

function isRole(object: KubeObject): object is Role {
  return object.kind === 'Role' || object.kind === 'ClusterRole';
}

function resourceName(group: string, name: string): string {
  if (!group.endsWith('.smi-spec.io')) return `${group}/${name}`;
  return name.endsWith('/status') ? 'smi/status' : 'smi';
}
