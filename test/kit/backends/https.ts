// An HTTPS backend: HTTP/1.1 and HTTP/2 over TLS, by ALPN, with a self-signed certificate for `maesh-test-backend`.
// Certificate and key are a fixture of the repository, valid until 2126: they protect nothing.

import { readFile } from 'node:fs/promises';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { backend, listen, type Backend, type BackendOptions } from './backend.ts';
import { answerHttp } from './http-echo.ts';

/** Starts an HTTPS backend. Its answers are those of http-echo.ts, with the name that the client sent by SNI in `served-sni`. */
export async function startHttpsBackend(options: BackendOptions): Promise<Backend> {
  const [key, cert] = await Promise.all(
    ['https-key.pem', 'https-cert.pem'].map((file) => readFile(new URL(file, import.meta.url))),
  );
  if (key === undefined || cert === undefined) throw new Error('The certificate fixture is incomplete');
  const identity = { name: options.name, version: options.version ?? 'v1' };
  let served = 0;
  const server = createSecureServer(
    { allowHTTP1: true, key, cert },
    (request: Http2ServerRequest, response: Http2ServerResponse) => {
      served++;
      response.setHeader('served-sni', String((request.socket as TLSSocket).servername));
      answerHttp({ request, response }, identity).catch(() => {});
    },
  );
  server.on('sessionError', () => {});
  // A caller that speaks no TLS, or doesn't like the certificate.
  server.on('tlsClientError', () => {});
  const { port, close } = await listen(server, options);
  return backend({ options, port, served: () => served, close });
}
