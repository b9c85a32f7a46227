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

/** The manifest of an object: parsing it gives the object back. */
export function manifestOf(object: KubeObject): Manifest {
  const { kind, name, namespace, labels } = object;
  const metadata = { name, ...(namespace === '' ? {} : { namespace }), labels };
  switch (object.kind) {
    case 'Service':
      return {
        apiVersion: 'v1',
        kind,
        metadata: { ...metadata, annotations: object.annotations },
        ...serviceBody(object),
      };
    case 'EndpointSlice':
      return { apiVersion: 'discovery.k8s.io/v1', kind, metadata, ...sliceBody(object) };
    case 'Endpoints':
      return { apiVersion: 'v1', kind, metadata, ...endpointsBody(object) };
    case 'Pod':
      return {
        apiVersion: 'v1',
        kind,
        metadata: {
          ...metadata,
          ...(object.terminating ? { deletionTimestamp: '2026-11-02T09:20:40Z' } : {}),
        },
        ...podBody(object),
      };
    default:
      return { apiVersion: 'v1', kind, metadata };
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
