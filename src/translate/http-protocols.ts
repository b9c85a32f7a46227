// What proxies speak on both sides of an HTTP port: options of HTTP/1.1 and HTTP/2 under which a message comes out as
// it went in.

import { create } from '@bufbuild/protobuf';

import {
  type Http1ProtocolOptions,
  Http1ProtocolOptionsSchema,
  type Http2ProtocolOptions,
  Http2ProtocolOptionsSchema,
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from '../gen/envoy/config/core/v3/protocol_pb.ts';
import {
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders,
  PreserveCaseFormatterConfigSchema,
} from '../gen/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.ts';
import type { Duration } from '@bufbuild/protobuf/wkt';

import { any } from './pack.ts';

/**
 * HTTP/1: trailers pass, names of headers keep their case (programs that depend on it should not, and do), reason
 * phrases pass, and HTTP/1.0 is served. An offer to go on in TLS or HTTP/2 on the
 * same connection (which Apache's and Java's clients make by default) is passed over, as a server may, instead of
 * refused, as Envoy would.
 */
export const http1: Http1ProtocolOptions = create(Http1ProtocolOptionsSchema, {
  enableTrailers: true,
  acceptHttp10: true,
  // For the rare HTTP/1.0 request without a Host, which no HTTP/1.1 server would take.
  defaultHostForHttp10: 'localhost',
  headerKeyFormat: {
    headerFormat: {
      case: 'statefulFormatter',
      value: {
        name: 'envoy.http.stateful_header_formatters.preserve_case',
        typedConfig: any(PreserveCaseFormatterConfigSchema, {
          forwardReasonPhrase: true,
          formatterTypeOnEnvoyHeaders: PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders.PROPER_CASE,
        }),
      },
    },
  },
  ignoreHttp11Upgrade: [
    { matchPattern: { case: 'prefix', value: 'TLS/' } },
    { matchPattern: { case: 'prefix', value: 'HTTP/' } },
  ],
});

/**
 * HTTP/2: WebSocket over HTTP/2 is allowed, and no limit on streams but the other end's. A stream may have 1 MiB
 * unread, 2 Gbit/s at a round trip of 4 ms, and a connection 256 of those, so that callers that read slowly do not
 * stop the others that share the connection to a pod. (Envoy's own defaults stop it at two.)
 */
export const http2: Http2ProtocolOptions = create(Http2ProtocolOptionsSchema, {
  allowConnect: true,
  maxConcurrentStreams: 2_147_483_647,
  initialStreamWindowSize: 1024 * 1024,
  initialConnectionWindowSize: 256 * 1024 * 1024,
});

/**
 * Largest headers of a message, in KiB: as much as a Go server takes, which the original's proxies were. (A single
 * one over HTTP/2 has at most some 100 KB, Envoy's own limit.)
 */
export const maxHeadersKb = 1024;

/** Options of both versions, for connections that are closed after a time without a request or response. */
export function commonHttpOptions(idleTimeout: Duration): HttpProtocolOptions {
  return create(HttpProtocolOptionsSchema, { idleTimeout, maxHeadersCount: 1000 });
}
