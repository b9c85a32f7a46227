// The kinds of things that an API server serves, by the names that its paths and its permissions use.

/** What is asked of the server, in the words that permissions are granted in. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';

/** A resource of the API: `{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' }`. */
export interface ResourceType {
  /** Empty for the core group, that of Services and Pods. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** All that whoever uses it needs to do with it: where one is not allowed, the message says to grant them together. */
  readonly verbs?: readonly Verb[];
}

/** Which object or objects of a resource are meant. */
export interface Target {
  readonly type: ResourceType;
  /** Absent for all namespaces, and for resources that have none. */
  readonly namespace?: string | undefined;
  /** Absent for all objects. */
  readonly name?: string | undefined;
  /** `status`, say. */
  readonly subresource?: string | undefined;
}

/** `endpointslices.discovery.k8s.io`, or `pods`: as kubectl and the API server's own messages write it. */
export function resourceName({ group, plural }: ResourceType): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** `/api/v1` or `/apis/<group>/<version>`: where a group's resources are, and the list of them. */
export function groupPath({ group, version }: Pick<ResourceType, 'group' | 'version'>): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Path of an object or of a collection. */
export function targetPath({ type, namespace, name, subresource }: Target): string {
  const parts = [
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    type.plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return `${groupPath(type)}/${parts.map(encodeURIComponent).join('/')}`;
}
