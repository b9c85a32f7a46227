// What a standalone mesh says once it serves: where it is reached, with calls that can be tried at once.

import { isIPv6 } from 'node:net';

import type { ListenAddress, StandaloneAddresses, StandaloneOptions } from '../config/options.ts';
import { columns, type Output } from './output.ts';

/** A block of lines: each port in use, what it is for, and how to try it. */
export function readyText(
  { http, dns, api, xds }: StandaloneAddresses,
  { options, out }: { readonly options: Pick<StandaloneOptions, 'envoy'>; readonly out: Output },
): string {
  const rows: (readonly [string, string, string])[] = [];
  const row = (name: string, shown: string, hint: string): void => {
    rows.push([out.paint('bold', `  ${name}`), shown, out.paint('dim', hint)]);
  };
  if (http !== undefined) {
    const url = `http://${hostPort(http)}`;
    row('HTTP', url, `curl -H 'Host: <service>.<namespace>.maesh' ${url}`);
  }
  if (dns !== undefined) {
    row('DNS', hostPort(dns), `dig @${reachable(dns.host)} -p ${dns.port} <service>.<namespace>.maesh`);
  }
  if (api !== undefined)
    row('API', `http://${hostPort(api)}`, `curl http://${hostPort(api)}/api/topology/current`);
  if (options.envoy === 'external') row('xDS', hostPort(xds), `maesh bootstrap --xdsPort ${xds.port}`);
  return `${out.paint('green', 'The mesh is ready.')} Ctrl-C ends it.\n${columns(rows)}`;
}

function hostPort({ host, port }: ListenAddress): string {
  const shown = reachable(host);
  return `${isIPv6(shown) ? `[${shown}]` : shown}:${port}`;
}

/** Where something that listens on all addresses is reached from here. */
function reachable(host: string): string {
  return host === '' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}
