// Asks a proxy for its configuration: Envoy's own account of what it holds, for comparing with what it was told.

import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import type { NodeConfiguration } from './api.ts';

/**
 * Reads the config dump, endpoints included, from an Envoy's admin interface. It is passed on as it arrives, because
 * that of a big mesh has tens of megabytes.
 *
 * Not by fetch(), which refuses a list of ports that browsers hold to be dangerous.
 *
 * @param admin - address of the admin interface, such as `http://127.0.0.1:9901`.
 * @param timeoutMs - longest time for all of it; 10 s by default.
 */
export async function fetchConfigDump(admin: string, timeoutMs = 10_000): Promise<NodeConfiguration> {
  try {
    const request = get(new URL('/config_dump?include_eds', admin), {
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const isJson = response.headers['content-type']?.startsWith('application/json') === true;
    if (response.statusCode === 200 && isJson) return { kind: 'found', body: toWeb(response) };
    response.destroy();
    const status = `its admin interface answered with status ${response.statusCode}`;
    return { kind: 'unreachable', reason: isJson ? status : `${status} and no JSON` };
  } catch (error) {
    return { kind: 'unreachable', reason: reasonOf(error) };
  }
}

/** Node's types of the two streams differ in what they say of buffers; they are the same at run time. */
function toWeb(response: IncomingMessage): ReadableStream<Uint8Array> {
  return Readable.toWeb(response) as ReadableStream<Uint8Array>;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return 'its admin interface did not answer in time';
  return 'code' in error ? String(error.code) : error.message;
}
