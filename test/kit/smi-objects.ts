// Objects of the Service Mesh Interface for tests: what a test does not say is as plain as it can be.

import type {
  KubeHttpMatch,
  KubeHttpRouteGroup,
  KubeTcpRoute,
  KubeTrafficSplit,
  KubeTrafficTarget,
  KubeUdpRoute,
} from '../../src/model/objects.ts';

type Given<T> = Partial<Omit<T, 'kind'>>;

/** TrafficSplit `store/canary`: of what `shop` gets, `shop-v1` has 90 parts and `shop-v2` 10. */
export function kubeSplit(given: Given<KubeTrafficSplit> = {}): KubeTrafficSplit {
  return {
    kind: 'TrafficSplit',
    namespace: 'store',
    name: 'canary',
    labels: {},
    service: 'shop',
    backends: [
      { service: 'shop-v1', weight: 90 },
      { service: 'shop-v2', weight: 10 },
    ],
    routeGroups: [],
    ...given,
  };
}

/** TrafficTarget `store/api`: account `front/web` may call `store/shop` as HTTPRouteGroup `api` says. */
export function kubeTarget(given: Given<KubeTrafficTarget> = {}): KubeTrafficTarget {
  return {
    kind: 'TrafficTarget',
    namespace: 'store',
    name: 'api',
    labels: {},
    destination: { kind: 'ServiceAccount', name: 'shop', namespace: 'store' },
    port: undefined,
    sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'front' }],
    rules: [{ kind: 'HTTPRouteGroup', name: 'api', matches: [] }],
    ...given,
  };
}

/** HTTPRouteGroup `store/api`, of one match for every GET of a path that begins with `/api`. */
export function kubeRouteGroup(
  given: Omit<Given<KubeHttpRouteGroup>, 'matches'> & {
    readonly matches?: ReadonlyArray<Partial<KubeHttpMatch>>;
  } = {},
): KubeHttpRouteGroup {
  const { matches = [{ name: 'read', methods: ['GET'], pathRegex: '/api' }], ...rest } = given;
  return {
    kind: 'HTTPRouteGroup',
    namespace: 'store',
    name: 'api',
    labels: {},
    ...rest,
    matches: matches.map((match) => ({ name: '', methods: [], pathRegex: '', headers: [], ...match })),
  };
}

/** The `spec` of a manifest, in the newest version of its kind. */
export function smiSpec(
  object: KubeTrafficSplit | KubeTrafficTarget | KubeHttpRouteGroup | KubeTcpRoute | KubeUdpRoute,
): object {
  switch (object.kind) {
    case 'TrafficSplit':
      return {
        service: object.service,
        backends: object.backends,
        matches: object.routeGroups.map((name) => ({ kind: 'HTTPRouteGroup', name })),
      };
    case 'TrafficTarget':
      return {
        destination: { ...object.destination, port: object.port },
        sources: object.sources,
        rules: object.rules,
      };
    case 'HTTPRouteGroup':
      return {
        matches: object.matches.map(({ headers, ...match }) => ({
          ...match,
          headers: headers.map(({ name, regex }) => ({ [name]: regex })),
        })),
      };
    default:
      return { matches: { ports: object.ports } };
  }
}
