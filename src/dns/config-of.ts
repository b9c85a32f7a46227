// Which ConfigMap a DNS server is configured by: what is mounted where it looks.

import { posix } from 'node:path';

import type { DnsWorkload, MountedConfigMap } from './workload.ts';

/** A key of a ConfigMap. */
export interface ConfigMapKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** The ConfigMap and its key that a program's configuration comes from; undefined where it comes from none. */
export function configOf({
  namespace,
  configFile,
  configMaps,
  program,
}: DnsWorkload): ConfigMapKey | undefined {
  // NodeLocal DNSCache makes its Corefile out of a template, which it finds here unless told otherwise (kubernetes/dns,
  // cmd/node-cache/main.go, `basecorefile`).
  const template = '/etc/coredns/Corefile.base';
  const files = program === 'node-cache' ? [template, configFile] : [configFile ?? '/etc/coredns/Corefile'];
  for (const file of files) {
    const found = file === undefined ? undefined : keyOfFile(configMaps, file);
    if (found !== undefined) return { namespace, ...found };
  }
  return undefined;
}

function keyOfFile(
  configMaps: readonly MountedConfigMap[],
  file: string,
): Omit<ConfigMapKey, 'namespace'> | undefined {
  for (const { name, mountPath, items } of configMaps) {
    const path = posix.relative(mountPath, file);
    if (path === '' || path.startsWith('..')) continue;
    const key = items === undefined ? path : items.find((item) => item.path === path)?.key;
    if (key !== undefined) return { name, key };
  }
  return undefined;
}

/** The ConfigMap that is mounted as a folder; undefined where none is. */
export function configMapAt({ configMaps }: DnsWorkload, folder: string): string | undefined {
  return configMaps.find(({ mountPath }) => posix.resolve(mountPath) === posix.resolve(folder))?.name;
}
