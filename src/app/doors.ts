// What a standalone mesh opens beside its proxy: DNS and the API. One that can't be opened is logged, and the rest goes on.

import type { ListenAddress, StandaloneOptions } from '../config/options.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { namesOf } from '../serve/dns/names.ts';
import { DnsServer } from '../serve/dns/server.ts';
import { createApi } from '../serve/http/api.ts';
import { serveHttp } from '../serve/http/serve.ts';
import { ListenError } from '../serve/listen-error.ts';
import { meshDomains } from '../translate/names.ts';
import { loopback } from './placement.ts';
import type { StandaloneMesh } from './standalone-mesh.ts';

/** What is open. Undefined: it could not be opened. */
export interface Doors {
  readonly dns: ListenAddress | undefined;
  readonly api: ListenAddress | undefined;
  /** Closes both. */
  close(): Promise<void>;
}

/** Opens both. */
export async function openDoors(
  options: StandaloneOptions,
  { mesh, log }: { readonly mesh: StandaloneMesh; readonly log: Log },
): Promise<Doors> {
  const dns = new DnsServer({
    ...namesOf(() => mesh.topology()),
    domains: meshDomains,
    log,
    onAnswer: (rcode) => mesh.dnsAnswered(rcode),
  });
  const api = createApi(mesh, { clock: systemClock, log });
  const dnsPort = await orLogged(dns.listen({ host: loopback, port: options.dnsPort }), log);
  const http = await orLogged(serveHttp(api, { host: options.apiHost, port: options.apiPort }), log);
  return {
    dns: dnsPort === undefined ? undefined : { host: loopback, port: dnsPort },
    api: http === undefined ? undefined : { host: options.apiHost, port: http.port },
    async close() {
      await Promise.all([dns.close(), http?.close()]);
    },
  };
}

async function orLogged<T>(opening: Promise<T>, log: Log): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    log.error(error.message, { code: error.code, advice: error.advice });
    return undefined;
  }
}
