// Kubernetes objects for tests: what a test does not say is as plain as it can be.

import type { ObjectChange } from '../../src/model/offer.ts';
import { objectKey } from '../../src/model/key.ts';
import type {
  KubeEndpoint,
  KubeEndpoints,
  KubeEndpointSlice,
  KubeObject,
  KubePod,
  KubeService,
  KubeServicePort,
} from '../../src/model/objects.ts';

type Given<T, K extends keyof T> = Partial<Omit<T, K | 'kind'>>;

/** A Service `store/shop` with port 80, of pods labelled `app: shop`. */
export function kubeService(
  given: Given<KubeService, 'ports'> & { readonly ports?: ReadonlyArray<Partial<KubeServicePort>> } = {},
): KubeService {
  const { ports = [{}], ...rest } = given;
  return {
    kind: 'Service',
    namespace: 'store',
    name: 'shop',
    labels: {},
    annotations: {},
    type: 'ClusterIP',
    clusterIPs: [],
    ipFamilies: [],
    selector: { app: 'shop' },
    publishNotReadyAddresses: false,
    ...rest,
    ports: ports.map(({ port = 80, ...more }) => ({
      name: '',
      port,
      protocol: 'TCP',
      targetPort: port,
      appProtocol: undefined,
      ...more,
    })),
  };
}

/** The same with more ports than the mesh reads, which an API server takes: a Service that no source can read. */
export function unreadableService(given: Given<KubeService, 'ports'> = {}): KubeService {
  const ports = Array.from({ length: 1001 }, (_, index) => ({ name: `p${index}`, port: 1000 + index }));
  return kubeService({ ...given, ports });
}

/** A ready pod `store/shop-1` at 10.0.0.1, labelled `app: shop`. */
export function kubePod(given: Given<KubePod, never> = {}): KubePod {
  return {
    kind: 'Pod',
    namespace: 'store',
    name: 'shop-1',
    labels: { app: 'shop' },
    nodeName: undefined,
    serviceAccount: 'default',
    ips: ['10.0.0.1'],
    ready: true,
    terminating: false,
    finished: false,
    hostNetwork: false,
    containerPorts: [],
    ...given,
  };
}

/** An endpoint of a slice: ready, at 10.0.0.1. */
export function kubeEndpoint(given: Partial<KubeEndpoint> = {}): KubeEndpoint {
  return {
    addresses: ['10.0.0.1'],
    ready: true,
    serving: true,
    terminating: false,
    nodeName: undefined,
    zone: undefined,
    pod: undefined,
    ...given,
  };
}

/** An IPv4 EndpointSlice `store/shop-a` of Service `shop`, with an unnamed TCP port 8080 and one endpoint. */
export function kubeSlice(given: Given<KubeEndpointSlice, never> = {}): KubeEndpointSlice {
  return {
    kind: 'EndpointSlice',
    namespace: 'store',
    name: 'shop-a',
    labels: {},
    service: 'shop',
    addressType: 'IPv4',
    endpoints: [kubeEndpoint()],
    ports: [{ name: '', port: 8080, protocol: 'TCP', appProtocol: undefined }],
    ...given,
  };
}

/** A Service with port 80, and the slice that has its only endpoint. */
export function servedService(
  name: string,
  at: { readonly address: string; readonly port: number },
  given: Partial<Pick<KubeService, 'annotations'> & Pick<KubeServicePort, 'protocol'>> = {},
): readonly KubeObject[] {
  const { annotations = {}, protocol = 'TCP' } = given;
  return [
    kubeService({ name, annotations, ports: [{ protocol }] }),
    kubeSlice({
      name,
      labels: { 'kubernetes.io/service-name': name },
      service: name,
      endpoints: [kubeEndpoint({ addresses: [at.address] })],
      ports: [{ name: '', port: at.port, protocol, appProtocol: undefined }],
    }),
  ];
}

/** Endpoints `store/shop` without any subset. */
export function kubeEndpoints(given: Given<KubeEndpoints, never> = {}): KubeEndpoints {
  return { kind: 'Endpoints', namespace: 'store', name: 'shop', labels: {}, subsets: [], ...given };
}

/** A change that puts an object in. */
export function put(object: KubeObject): ObjectChange {
  return { kind: object.kind, key: objectKey(object.namespace, object.name), object };
}

/** A change that takes an object away. */
export function take(object: KubeObject): ObjectChange {
  return { kind: object.kind, key: objectKey(object.namespace, object.name), object: undefined };
}
