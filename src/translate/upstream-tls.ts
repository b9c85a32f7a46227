// TLS to pods: what the proxy says, and whom it believes.

import { create } from '@bufbuild/protobuf';

import { type TransportSocket, TransportSocketSchema } from '../gen/envoy/config/core/v3/base_pb.ts';
import {
  type CertificateValidationContext,
  CertificateValidationContextSchema,
  SubjectAltNameMatcher_SanType,
} from '../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { UpstreamTlsContextSchema } from '../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { TrustedCa, UpstreamTls } from '../model/policy.ts';
import { any } from './pack.ts';

/**
 * Makes the transport socket. Where nobody says whom to trust, certificates are not looked at: what pods present inside a
 * cluster is seldom made for a name that could be checked, and the mesh promises no more than to speak the pod's protocol.
 */
export function upstreamTls(asked: UpstreamTls, defaultName: string): TransportSocket {
  const sni = asked.serverName ?? defaultName;
  const { trusted } = asked;
  const commonTlsContext =
    trusted === undefined
      ? {}
      : {
          validationContextType: {
            case: 'validationContext' as const,
            value: trusted === 'nobody' ? trustNobody : trust(trusted, sni),
          },
        };
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: any(UpstreamTlsContextSchema, { sni, commonTlsContext }) },
  });
}

/** A certificate must be signed by one of these, and made for the name. */
function trust({ pem }: Exclude<TrustedCa, 'nobody'>, name: string): CertificateValidationContext {
  return create(CertificateValidationContextSchema, {
    trustedCa: { specifier: { case: 'inlineString', value: pem } },
    matchTypedSubjectAltNames: [
      {
        sanType: SubjectAltNameMatcher_SanType.DNS,
        matcher: { matchPattern: { case: 'exact', value: name } },
      },
    ],
  });
}

/** A hash that no certificate has. */
const trustNobody = create(CertificateValidationContextSchema, { verifyCertificateHash: ['00'.repeat(32)] });
