// What an API server is and serves.

import { isRecord } from './api-object.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './kube-error.ts';
import { groupPath, type ResourceType } from './resource-type.ts';
import type { CallOptions } from './transport.ts';

/** A server's version. Vendors put what they like behind the numbers: `{ major: 1, minor: 36, text: 'v1.36.3' }`. */
export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly text: string;
}

/** The version of the server. */
export async function serverVersion(client: KubeClient, options?: CallOptions): Promise<ServerVersion> {
  const answer = await client.document('/version', options);
  const { major, minor, gitVersion } = isRecord(answer) ? answer : {};
  const number = (value: unknown): number => Number.parseInt(String(value), 10) || 0;
  return {
    major: number(major),
    minor: number(minor),
    text: typeof gitVersion === 'string' ? gitVersion : '',
  };
}

/** The versions in which a group is served, the server's favourite first; none where the group is not served. */
export async function servedVersions(
  client: KubeClient,
  group: string,
  options?: CallOptions,
): Promise<readonly string[]> {
  const answer = await documentIfServed(client, group === '' ? '/api' : `/apis/${group}`, options);
  const { versions } = isRecord(answer) ? answer : {};
  if (!Array.isArray(versions)) return [];
  return versions
    .map((each: unknown) => (isRecord(each) ? each['version'] : each))
    .filter((version) => typeof version === 'string');
}

/** Whether a resource is served, or a subresource of it: a custom one may come and go with its definition. */
export async function isServed(
  client: KubeClient,
  type: ResourceType,
  { subresource, ...options }: CallOptions & { readonly subresource?: string } = {},
): Promise<boolean> {
  const answer = await documentIfServed(client, groupPath(type), options);
  const name = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
  const { resources } = isRecord(answer) ? answer : {};
  return (
    Array.isArray(resources) && resources.some((each: unknown) => isRecord(each) && each['name'] === name)
  );
}

/** The first of some versions in which a resource is served; undefined where it is served in none of them. */
export async function firstServed(
  client: KubeClient,
  { group, plural }: Pick<ResourceType, 'group' | 'plural'>,
  options: CallOptions & { readonly versions: readonly string[] },
): Promise<string | undefined> {
  const { versions, ...call } = options;
  // Mostly the group is not served at all, which one answer says for all versions.
  const served = versions.length === 1 ? versions : await servedVersions(client, group, call);
  for (const version of versions) {
    if (served.includes(version) && (await isServed(client, { group, version, plural }, call)))
      return version;
  }
  return undefined;
}

async function documentIfServed(client: KubeClient, path: string, options?: CallOptions): Promise<unknown> {
  try {
    return await client.document(path, options);
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}
