// A real CoreDNS with a Corefile of the world, on this machine: what a Corefile says of its surroundings (ports, addresses of
// the node, files) is put right first, and nothing else.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Files } from '../../../src/dns/corefile/custom-files.ts';
import { findExecutable } from '../../../tools/cluster/binaries.ts';
import { Component } from '../cluster/component.ts';
import { freePort } from '../free-port.ts';
import type { DnsAddress } from './dns-client.ts';

/** What a Corefile finds around it. */
export interface Surroundings {
  /** A folder of its own. */
  readonly folder: string;
  /** Of the API server. */
  readonly kubeconfig: string;
  /** What stands for the world's DNS. */
  readonly upstream: DnsAddress;
  /** What stands for the cluster's DNS where a Corefile hands names on to it. */
  readonly clusterDns?: DnsAddress;
  /** Stand for the addresses of the node. */
  readonly addresses: readonly [string, string];
}

export interface CoreDnsOptions extends Surroundings {
  /** Name of the program, such as `coredns`. */
  readonly program: string;
  readonly corefile: string;
  /** What the Corefile imports. */
  readonly custom?: Files | undefined;
}

/** A running CoreDNS. */
export class CoreDns implements AsyncDisposable {
  readonly #component: Component;
  readonly #ports: ReadonlyMap<number, number>;
  readonly #options: CoreDnsOptions;

  private constructor(component: Component, ports: ReadonlyMap<number, number>, options: CoreDnsOptions) {
    this.#component = component;
    this.#ports = ports;
    this.#options = options;
  }

  /** Starts it. It may not have begun to answer yet. */
  static async start(options: CoreDnsOptions): Promise<CoreDns> {
    const { folder, program } = options;
    await mkdir(join(folder, 'custom'), { recursive: true });
    await writeFile(join(folder, 'NodeHosts'), '192.0.2.1 node-1\n');
    const ports = await freePorts(options);
    await writeCorefile(options, ports);
    const component = new Component({
      name: program,
      program: findExecutable(program),
      // For keys without a port.
      args: ['-conf', join(folder, 'Corefile'), '-dns.port', String(ports.get(53))],
      logFile: join(folder, `${program}.log`),
    });
    return new CoreDns(component, ports, options);
  }

  /** Where it listens for a port of the Corefile. */
  at(port: number, address: string = '127.0.0.1'): DnsAddress {
    return { address, port: this.#ports.get(port) ?? port };
  }

  /** Gives it another Corefile, which it has to notice. */
  async replaceCorefile(corefile: string): Promise<void> {
    await writeCorefile({ ...this.#options, corefile }, this.#ports);
  }

  /** Whether it has read another Corefile, and ended the servers of the one before. */
  async hasReloaded(): Promise<true | undefined> {
    return (await readFile(this.#component.logFile, 'utf8')).includes('Reloading complete') || undefined;
  }

  /** Resolves when a condition holds; rejects with the end of the log if CoreDNS ends before. */
  async ready(condition: () => Promise<boolean>): Promise<void> {
    await this.#component.ready(condition);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#component.kill();
  }
}

const portPattern = /:(\d{2,5})\b/g;

/** A free port for every port that a Corefile and its imports name. */
async function freePorts({ corefile, custom }: CoreDnsOptions): Promise<Map<number, number>> {
  const text = localText([corefile, ...Object.values(custom ?? {})].join('\n'));
  const named = new Set([53, ...[...text.matchAll(portPattern)].map(([, port]) => Number(port))]);
  const ports = new Map<number, number>();
  // Most listen everywhere.
  for (const port of named) ports.set(port, await freePort('0.0.0.0'));
  return ports;
}

async function writeCorefile(options: CoreDnsOptions, ports: ReadonlyMap<number, number>): Promise<void> {
  const { folder, corefile, custom } = options;
  const local = (text: string): string => inSurroundings(withPorts(localText(text), ports), options);
  await Promise.all(
    Object.entries(custom ?? {}).map(([name, text]) => writeFile(join(folder, 'custom', name), local(text))),
  );
  // Whole or not at all, as a kubelet does it.
  await writeFile(join(folder, 'Corefile.new'), local(corefile));
  await rename(join(folder, 'Corefile.new'), join(folder, 'Corefile'));
}

function withPorts(text: string, ports: ReadonlyMap<number, number>): string {
  return text.replaceAll(portPattern, (_, port: string) => `:${ports.get(Number(port)) ?? port}`);
}

/** Has the ports in it that CoreDNS would take where none is named. */
function localText(corefile: string): string {
  return corefile
    .replaceAll(/^(\s*health)\s*(\{?)$/gm, '$1 :8080 $2')
    .replaceAll(/^(\s*ready)\s*$/gm, '$1 :8181');
}

function inSurroundings(corefile: string, surroundings: Surroundings): string {
  const { folder, kubeconfig, upstream, clusterDns, addresses } = surroundings;
  const [address, second] = addresses;
  return (
    corefile
      .replaceAll(
        /^(\s*kubernetes [^{\n]*?(?:\{\$\w+\} )?)(\{.*)?$/gm,
        (_, start: string, brace?: string) => {
          const access = `{\n kubeconfig ${kubeconfig} test`;
          return brace === undefined ? `${start} ${access}\n }` : `${start} ${access}`;
        },
      )
      .replaceAll(
        /\/etc\/resolv\.conf|__PILLAR__UPSTREAM__SERVERS__/g,
        `${upstream.address}:${upstream.port}`,
      )
      .replaceAll(
        '__PILLAR__CLUSTER__DNS__',
        clusterDns ? `${clusterDns.address}:${clusterDns.port}` : 'none',
      )
      .replaceAll('169.254.20.10', address)
      .replaceAll('10.96.0.10', second)
      // Not every machine that runs tests has IPv6.
      .replaceAll('::1', second)
      .replaceAll('/etc/coredns/', `${folder}/`)
  );
}
