// The server block that answers the names of the mesh. It makes the name of the shadow Service out of a mesh name and
// asks the cluster's own server block for that, in the same process: CoreDNS watches the cluster only once, caches as it is
// told to there, and no other name pays for the mesh's. (Rules in the cluster's own block would cost every name of the
// cluster: 0.15 µs for each long name, measured with CoreDNS 1.15. This way a mesh name costs some 40 µs more.)

import type { MeshDns } from './mesh-dns.ts';

/** Stands between service and namespace in the name of a shadow Service: `maesh` in hexadecimal, as in the original. */
export const shadowSeparator = '-6d61657368-';

/** A DNS label is no longer. */
const maxLabel = 63;

/** `_http._tcp.`, as those ask who want SRV records, or nothing. */
const portPrefix = String.raw`(_[a-z0-9-]+\._[a-z]+\.|)`;

const label = '([a-z0-9-]+)';

/** Where the names of the cluster are answered. */
export interface ClusterServer {
  readonly port: number;
  /** Where it listens if that isn't everywhere: the words of its `bind`, IP addresses. */
  readonly bind: readonly string[];
}

/** The block for mesh names on the port of the cluster's own server block. */
export function meshBlock(mesh: MeshDns, server: ClusterServer): string {
  const [address = '127.0.0.1'] = server.bind;
  const lines = [
    'errors',
    ...(server.bind.length === 0 ? [] : [`bind ${server.bind.join(' ')}`]),
    ...mesh.domains.flatMap((domain) => rewrites(mesh, domain)),
    // What is still a mesh name stands for no service, and must not come round again.
    'template ANY ANY {',
    '    rcode NXDOMAIN',
    '}',
    `forward ${mesh.clusterDomain} ${withPort(address, server.port)} {`,
    '    max_fails 0',
    '}',
  ];
  return serverBlock(mesh, { port: server.port, lines });
}

/** A server block for the mesh's domains. */
export function serverBlock(
  { domains }: MeshDns,
  { port, lines }: { readonly port: number; readonly lines: readonly string[] },
): string {
  const keys = domains.map((domain) => `${domain}:${port}`).join(' ');
  return `${keys} {\n${lines.map((line) => `    ${line}\n`).join('')}}\n`;
}

/**
 * The rules for one domain. The answer gets the name that was asked for, since resolvers ignore others. These are the
 * forms that every version of CoreDNS since 1.3 has; all match whole names.
 */
function rewrites({ namespace, clusterDomain, longNames }: MeshDns, domain: string): string[] {
  const zone = `${namespace}.svc.${clusterDomain}`;
  const long = [...longNames].map(
    ([name, shadow]) => `rewrite stop name exact ${name}.${domain} ${shadow}.${zone}`,
  );
  const end = escaped(`.${domain}.`);
  // A longer one can't be a shadow Service's, nor a DNS label, and the rule after it would fail.
  const tooLong = Math.max(0, maxLabel - `${namespace}-${shadowSeparator}`.length + 2);
  return [
    ...long,
    `rewrite stop name regex ^${portPrefix}[a-z0-9.-]{${tooLong},}${end}$ none.${domain}`,
    'rewrite stop {',
    `    name regex ^${portPrefix}${label}\\.${label}${end}$ {1}${namespace}-{2}${shadowSeparator}{3}.${zone}`,
    `    answer name ^${portPrefix}${escaped(`${namespace}-`)}${label}${shadowSeparator}${label}${escaped(`.${zone}.`)}$ {1}{2}.{3}.${domain}`,
    '}',
  ];
}

function escaped(name: string): string {
  return name.replaceAll('.', String.raw`\.`);
}

function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
