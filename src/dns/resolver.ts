// The mesh's own CoreDNS, for clusters whose DNS can only hand names on: kube-dns, and CoreDNS under an operator.

import { isRecord, type ApiObject } from '../kube/api-object.ts';
import type { ObjectName } from '../kube/client.ts';
import type { ResourceType } from '../kube/resource-type.ts';
import type { NamespacedName } from './layout.ts';
import type { DnsTrouble } from './plan.ts';

const services: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'services',
  verbs: ['get', 'list', 'watch'],
};

/** The name of its Service. */
export function resolverName({ namespace, name }: NamespacedName): ObjectName {
  return { type: services, namespace, name };
}

/** Its address; undefined where there is no such Service, or none with an address. */
export function resolverAddress(service: ApiObject | undefined): string | undefined {
  const spec = service?.['spec'];
  const address = isRecord(spec) ? spec['clusterIP'] : undefined;
  return typeof address === 'string' && address !== '' && address !== 'None' ? address : undefined;
}

/** What is wrong where it has none. */
export function noResolver({ namespace, name }: NamespacedName): DnsTrouble {
  return {
    message:
      "This cluster's DNS can only hand the mesh's names on to another server, and there is none: no Service " +
      `${namespace}/${name} with an address`,
    advice: 'Install the mesh with `--set kubedns=true`: it then has a CoreDNS of its own',
  };
}
