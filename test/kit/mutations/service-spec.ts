// What the mutations want a service to be: said once, plainly, so that it can be told without Maesh's own code what a
// request to it may get. And the Kubernetes objects that say so.

import type { TrafficType } from '../../../src/model/topology.ts';

/** A service as it should be. */
export interface ServiceSpec {
  /** `namespace/name`. */
  readonly key: string;
  readonly traffic: TrafficType;
  readonly ports: readonly SpecPort[];
  /** Which kind of object says where the endpoints are. */
  readonly source: EndpointSource;
  /** Backends that are ready, by number. */
  readonly ready: readonly number[];
  /** Backends that are listed and not ready. */
  readonly unready: readonly number[];
  /** Shown in a label that means nothing. */
  readonly revision: number;
}

/** A port of a service. */
export interface SpecPort {
  readonly name: string;
  readonly port: number;
}

/** `slices`: two EndpointSlices, for backends of even and odd number. */
export type EndpointSource = 'slice' | 'slices' | 'endpoints' | 'pods';

/** Every source. */
export const endpointSources: readonly EndpointSource[] = ['slice', 'slices', 'endpoints', 'pods'];

/** A Kubernetes object with what tells it from all others. */
export interface Manifest {
  /** `Kind namespace/name`. */
  readonly id: string;
  readonly object: Readonly<Record<string, unknown>>;
}

/** Where the backends are: number 1 of a kind at `<net>.1`, and so on. */
export interface BackendPlaces {
  /** First three parts of an IPv4 address. */
  readonly net: string;
  readonly ports: Readonly<Record<TrafficType, number>>;
}

/** Address of a backend; those of the three kinds are told apart by port. */
export function backendAddress({ net }: BackendPlaces, number: number): string {
  return `${net}.${number}`;
}

/** What a backend calls itself. */
export function backendName(traffic: TrafficType, number: number): string {
  return `${traffic}-${number}`;
}

/** The objects that say what a spec says. */
export function manifestsOf(spec: ServiceSpec, places: BackendPlaces): readonly Manifest[] {
  return [serviceOf(spec, places), ...placesOf[spec.source](spec, places)];
}

/** The objects that say where the endpoints are. */
const placesOf: Readonly<
  Record<EndpointSource, (spec: ServiceSpec, places: BackendPlaces) => readonly Manifest[]>
> = {
  slice: (spec, places) => [sliceOf(spec, places, { suffix: 'a', takes: () => true })],
  slices: (spec, places) => [
    sliceOf(spec, places, { suffix: 'even', takes: (number) => number % 2 === 0 }),
    sliceOf(spec, places, { suffix: 'odd', takes: (number) => number % 2 === 1 }),
  ],
  endpoints: (spec, places) => [endpointsOf(spec, places)],
  pods: podsOf,
};

function serviceOf(spec: ServiceSpec, places: BackendPlaces): Manifest {
  const { name, protocol } = partsOf(spec);
  return manifest('Service', spec, {
    name,
    fields: {
      apiVersion: 'v1',
      annotations: { 'mesh.traefik.io/traffic-type': spec.traffic },
      spec: {
        ports: spec.ports.map((port) => ({
          ...port,
          protocol,
          targetPort: spec.source === 'pods' ? 'serve' : places.ports[spec.traffic],
        })),
        ...(spec.source === 'pods' && { selector: { app: name } }),
      },
    },
  });
}

function sliceOf(
  spec: ServiceSpec,
  places: BackendPlaces,
  { suffix, takes }: { readonly suffix: string; readonly takes: (number: number) => boolean },
): Manifest {
  const { name, protocol } = partsOf(spec);
  const listed = [
    ...spec.ready.map((number) => ({ number, ready: true })),
    ...spec.unready.map((number) => ({ number, ready: false })),
  ].filter(({ number }) => takes(number));
  return manifest('EndpointSlice', spec, {
    name: `${name}-${suffix}`,
    fields: {
      apiVersion: 'discovery.k8s.io/v1',
      labels: { 'kubernetes.io/service-name': name },
      addressType: 'IPv4',
      ports: spec.ports.map((port) => ({ name: port.name, port: places.ports[spec.traffic], protocol })),
      endpoints: listed.map(({ number, ready }) => ({
        addresses: [backendAddress(places, number)],
        conditions: { ready },
      })),
    },
  });
}

function endpointsOf(spec: ServiceSpec, places: BackendPlaces): Manifest {
  const { name, protocol } = partsOf(spec);
  const addresses = (numbers: readonly number[]): object[] =>
    numbers.map((number) => ({ ip: backendAddress(places, number) }));
  const ports = spec.ports.map((port) => ({ name: port.name, port: places.ports[spec.traffic], protocol }));
  return manifest('Endpoints', spec, {
    name,
    fields: {
      apiVersion: 'v1',
      subsets: [{ addresses: addresses(spec.ready), notReadyAddresses: addresses(spec.unready), ports }],
    },
  });
}

function podsOf(spec: ServiceSpec, places: BackendPlaces): readonly Manifest[] {
  const { name, protocol } = partsOf(spec);
  const pod = (number: number, ready: boolean): Manifest => {
    const ip = backendAddress(places, number);
    return manifest('Pod', spec, {
      name: `${name}-${number}`,
      fields: {
        apiVersion: 'v1',
        labels: { app: name },
        spec: {
          containers: [
            {
              name: 'main',
              ports: [{ name: 'serve', containerPort: places.ports[spec.traffic], protocol }],
            },
          ],
        },
        status: {
          phase: 'Running',
          podIP: ip,
          podIPs: [{ ip }],
          conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        },
      },
    });
  };
  return [
    ...spec.ready.map((number) => pod(number, true)),
    ...spec.unready.map((number) => pod(number, false)),
  ];
}

function partsOf(spec: ServiceSpec): { readonly name: string; readonly protocol: 'TCP' | 'UDP' } {
  return { name: spec.key.split('/')[1] ?? '', protocol: spec.traffic === 'udp' ? 'UDP' : 'TCP' };
}

interface Content {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>> & {
    readonly apiVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

function manifest(kind: string, { key, revision }: ServiceSpec, { name, fields }: Content): Manifest {
  const namespace = key.split('/')[0] ?? '';
  const { apiVersion, labels, annotations, ...rest } = fields;
  const metadata = {
    name,
    namespace,
    labels: { ...labels, revision: `r${revision}` },
    ...(annotations !== undefined && { annotations }),
  };
  return { id: `${kind} ${namespace}/${name}`, object: { apiVersion, kind, metadata, ...rest } };
}
