// Where requests of a service port go. The only resources that change when pods come and go.

import { create } from '@bufbuild/protobuf';

import { LocalitySchema } from '../gen/envoy/config/core/v3/base_pb.ts';
import {
  type LbEndpoint,
  LbEndpointSchema,
  type LocalityLbEndpoints,
  LocalityLbEndpointsSchema,
} from '../gen/envoy/config/endpoint/v3/endpoint_components_pb.ts';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import type { Endpoint } from '../model/topology.ts';
import { tcpAddress, udpAddress } from './address.ts';
import { endpointsName, type ServedPort } from './names.ts';
import { type Label, pack } from './pack.ts';
import { portions } from './portions.ts';
import { type Resource, typeUrls } from './resources.ts';

/** Packs the endpoints of a service port. */
export function packEndpoints(port: ServedPort, services: Label['services']): Resource {
  const label = { name: endpointsName(port), typeUrl: typeUrls.endpoints, services };
  return pack(ClusterLoadAssignmentSchema, endpoints(port), label);
}

/**
 * Makes the endpoints of a service port, all in one locality: zones must not change how requests are spread. Only where TCP
 * or UDP is split does each backend have a locality of its own, whose weight is the backend's: so one cluster holds all of
 * a split, and a change of it touches no more than this.
 */
function endpoints(port: ServedPort): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    clusterName: endpointsName(port),
    endpoints: port.traffic === 'http' ? locality(port, port.endpoints) : weightedLocalities(port),
  });
}

/**
 * A backend without endpoints is as if it were not there: the others share its part. So is what of it has stood before:
 * Envoy knows an address once in a cluster.
 */
function weightedLocalities(port: ServedPort): LocalityLbEndpoints[] {
  const [split] = port.splits ?? [];
  const backends = split?.backends ?? [{ key: port.key, weight: 1, endpoints: port.endpoints }];
  const parts = portions(backends.map(({ weight }) => weight));
  const known = new Set<string>();
  const isNew = ({ address, port: number }: Endpoint): boolean => {
    const before = known.size;
    return known.add(`${address} ${number}`).size > before;
  };
  return backends.flatMap(({ key, endpoints: own = [] }, index) =>
    locality(port, backends.length === 1 ? own : own.filter(isNew)).map((one) =>
      create(LocalityLbEndpointsSchema, {
        ...one,
        locality: create(LocalitySchema, { subZone: key }),
        loadBalancingWeight: parts[index] ?? 0,
      }),
    ),
  );
}

function locality(port: ServedPort, own: readonly Endpoint[]): LocalityLbEndpoints[] {
  if (own.length === 0) return [];
  return [
    create(LocalityLbEndpointsSchema, { lbEndpoints: own.map((endpoint) => lbEndpoint(port, endpoint)) }),
  ];
}

/** A pod's addresses of the other IP family are tried where the first doesn't answer (RFC 8305); UDP has no such attempt. */
function lbEndpoint({ traffic }: ServedPort, endpoint: Endpoint): LbEndpoint {
  const address = traffic === 'udp' ? udpAddress : tcpAddress;
  const others = traffic === 'udp' ? [] : endpoint.otherAddresses;
  return create(LbEndpointSchema, {
    hostIdentifier: {
      case: 'endpoint',
      value: {
        address: address(endpoint),
        additionalAddresses: others.map((other) => ({
          address: address({ address: other, port: endpoint.port }),
        })),
      },
    },
  });
}
