// Where requests of a service port go. The only resources that change when pods come and go.

import { create } from '@bufbuild/protobuf';

import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import type { Endpoint } from '../model/topology.ts';
import { tcpAddress, udpAddress } from './address.ts';
import { endpointsName, type ServedPort } from './names.ts';

/**
 * Makes the endpoints of a service port, all in one locality: zones must not change how requests are spread. A pod's
 * addresses of the other IP family are tried where the first doesn't answer (RFC 8305); UDP has no such attempt.
 */
export function endpoints(port: ServedPort): ClusterLoadAssignment {
  const address = port.traffic === 'udp' ? udpAddress : tcpAddress;
  const lbEndpoint = (endpoint: Endpoint) => ({
    hostIdentifier: {
      case: 'endpoint' as const,
      value: {
        address: address(endpoint),
        additionalAddresses:
          port.traffic === 'udp'
            ? []
            : endpoint.otherAddresses.map((other) => ({
                address: address({ address: other, port: endpoint.port }),
              })),
      },
    },
  });
  return create(ClusterLoadAssignmentSchema, {
    clusterName: endpointsName(port),
    endpoints: port.endpoints.length === 0 ? [] : [{ lbEndpoints: port.endpoints.map(lbEndpoint) }],
  });
}
