// Addresses of listeners and endpoints.

import { create } from '@bufbuild/protobuf';

import {
  type Address,
  AddressSchema,
  type CidrRange,
  CidrRangeSchema,
  SocketAddress_Protocol,
} from '../gen/envoy/config/core/v3/address_pb.ts';

/** A port to listen on or to connect to. */
export interface AddressAndPort {
  readonly address: string;
  readonly port: number;
}

/** A TCP address. `::` stands for every address of both families. */
export function tcpAddress(at: AddressAndPort): Address {
  return socketAddress(at, SocketAddress_Protocol.TCP);
}

/** A UDP address. `::` stands for every address of both families. */
export function udpAddress(at: AddressAndPort): Address {
  return socketAddress(at, SocketAddress_Protocol.UDP);
}

function socketAddress({ address, port }: AddressAndPort, protocol: SocketAddress_Protocol): Address {
  return create(AddressSchema, {
    address: {
      case: 'socketAddress',
      value: {
        protocol,
        address,
        portSpecifier: { case: 'portValue', value: port },
        ipv4Compat: address === '::',
      },
    },
  });
}

/** The range that holds just this address. */
export function addressRange(address: string): CidrRange {
  return create(CidrRangeSchema, {
    addressPrefix: address,
    prefixLen: address.includes(':') ? 128 : 32,
  });
}
