// From the mesh's objects back to manifests as people write them, for tests of sources.

import type {
  KubeEndpoint,
  KubeEndpointAddress,
  KubeEndpointPort,
  KubeEndpoints,
  KubeEndpointSlice,
  KubeObject,
  KubePod,
  KubeService,
} from '../../src/model/objects.ts';
import { kindParsers } from '../../src/source/parse/kinds.ts';
import { smiSpec } from './smi-objects.ts';

/** A Kubernetes object as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
}

/** The manifest of an object, in the newest version of its kind: parsing it gives the object back. */
export function manifestOf(object: KubeObject): Manifest {
  const { kind, name, namespace, labels } = object;
  const metadata = { name, ...(namespace === '' ? {} : { namespace }), labels, ...metadataOf(object) };
  const { group, versions } = kindParsers[kind];
  const apiVersion = group === '' ? versions[0] : `${group}/${versions[0]}`;
  return { apiVersion, kind, metadata, ...bodyOf(object) };
}

function metadataOf(object: KubeObject): object {
  if (object.kind === 'Service') return { annotations: object.annotations };
  return object.kind === 'Pod' && object.terminating ? { deletionTimestamp: '2026-11-02T09:20:40Z' } : {};
}

function bodyOf(object: KubeObject): object {
  switch (object.kind) {
    case 'Service':
      return serviceBody(object);
    case 'EndpointSlice':
      return sliceBody(object);
    case 'Endpoints':
      return endpointsBody(object);
    case 'Pod':
      return podBody(object);
    case 'Namespace':
    case 'ServiceAccount':
      return {};
    default:
      return { spec: smiSpec(object) };
  }
}

function serviceBody(service: KubeService): object {
  const { type, clusterIPs, ipFamilies, selector, ports, publishNotReadyAddresses } = service;
  return { spec: { type, clusterIPs, ipFamilies, selector, ports, publishNotReadyAddresses } };
}

function sliceBody({ addressType, endpoints, ports }: KubeEndpointSlice): object {
  return { addressType, endpoints: endpoints.map(endpointOf), ports: ports.map(portOf) };
}

function endpointOf({ addresses, ready, serving, terminating, nodeName, zone, pod }: KubeEndpoint): object {
  return { addresses, conditions: { ready, serving, terminating }, nodeName, zone, ...targetOf(pod) };
}

function endpointsBody({ subsets }: KubeEndpoints): object {
  return {
    subsets: subsets.map(({ addresses, notReadyAddresses, ports }) => ({
      addresses: addresses.map(addressOf),
      notReadyAddresses: notReadyAddresses.map(addressOf),
      ports: ports.map(portOf),
    })),
  };
}

function addressOf({ ip, nodeName, pod }: KubeEndpointAddress): object {
  return { ip, nodeName, ...targetOf(pod) };
}

function portOf({ name, port, protocol, appProtocol }: KubeEndpointPort): object {
  return { name, port, protocol, appProtocol };
}

function targetOf(pod: string | undefined): object {
  return pod === undefined ? {} : { targetRef: { kind: 'Pod', name: pod } };
}

function podBody(pod: KubePod): object {
  return {
    spec: {
      nodeName: pod.nodeName,
      serviceAccountName: pod.serviceAccount,
      hostNetwork: pod.hostNetwork,
      containers: [
        {
          name: 'main',
          ports: pod.containerPorts.map(({ port, ...rest }) => ({ containerPort: port, ...rest })),
        },
      ],
    },
    status: {
      phase: pod.finished ? 'Succeeded' : 'Running',
      podIPs: pod.ips.map((ip) => ({ ip })),
      conditions: [{ type: 'Ready', status: pod.ready ? 'True' : 'False' }],
    },
  };
}
