// What DNS and kube-proxy did for the original's proxies: requests to `backend.namespace.traefik.mesh:80` come to the entry
// point of that service port. It is an HTTP proxy that Traefik is told of, and passes everything on as it is.

import { createServer, request } from 'node:http';
import { listen } from '../backends/backend.ts';
import type { Dial } from '../clients/http.ts';
import type { OriginalWorld } from './world.ts';

/** A running proxy. */
export interface ClusterNames extends AsyncDisposable, Dial {}

/** Starts one that leads to the entry points of a Traefik at an address. A name or port that is none gets 502. */
export async function startClusterNames(
  at: string,
  to: { readonly world: OriginalWorld; readonly address: string },
): Promise<ClusterNames> {
  const server = createServer((incoming, answer) => {
    const url = new URL(incoming.url ?? '');
    const [name = '', namespace = ''] = url.hostname.split('.');
    const service = to.world.services.get(`${namespace}/${name}`);
    const wanted = Number(url.port || 80);
    const entries = service === undefined ? [] : to.world.entryPorts(service);
    const port = entries.find((entry) => entry.port.port === wanted)?.entryPort;
    if (port === undefined) {
      answer.writeHead(502).end();
      return;
    }
    const { method, headers } = incoming;
    // As it came: a URL object would tidy it up.
    const path = incoming.url?.replace(/^http:\/\/[^/?]*/u, '');
    const outgoing = request(
      { host: to.address, port, method, headers, ...(path && { path }) },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      },
    );
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  const { port, close } = await listen(server, { name: 'names', address: at });
  return { address: at, port, [Symbol.asyncDispose]: close };
}
