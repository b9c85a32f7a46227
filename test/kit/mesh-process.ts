// A whole mesh as users run it: `maesh standalone` in a process of its own, with the Envoy that it starts. It is known
// from outside only, by its API.

import { parseAddressRange } from '../../src/model/addresses.ts';
import type { PortsJson, TopologyJson } from '../../src/serve/http/api-types.ts';
import { sendHttp, type Dial, type HttpAnswer } from './clients/http.ts';
import { entrancesOfJson, type MeshEntrances } from './entrances.ts';
import { ManifestFolder, type FileChanges } from './folder.ts';
import { lockRange } from './lock-range.ts';
import { startMaesh, type RunningMaesh } from './run-maesh.ts';
import { until } from './until.ts';

/** What a mesh process begins with. */
export interface MeshProcessOptions {
  /** The first manifests; none by default. */
  readonly files?: FileChanges;
  /** Range of loopback addresses in CIDR notation. */
  readonly addressRange: string;
  /** More flags of `maesh standalone`. */
  readonly flags?: readonly string[];
}

/** Names of the flags that take a port, by the name of the port in the API. */
const portFlags = { http: '--httpPort', dns: '--dnsPort', api: '--apiPort', xds: '--xdsPort' } as const;

/** `maesh standalone`, running. */
export class MeshProcess implements AsyncDisposable {
  readonly folder: ManifestFolder;
  readonly #options: MeshProcessOptions;
  readonly #proxyAddress: string;
  readonly #lock: { close(): Promise<void> };
  #maesh: RunningMaesh | undefined;
  #ports: Readonly<Record<keyof typeof portFlags, Dial>> | undefined;
  #mark = 0;

  private constructor(
    options: MeshProcessOptions,
    held: {
      readonly folder: ManifestFolder;
      readonly lock: { close(): Promise<void> };
      readonly proxyAddress: string;
    },
  ) {
    this.#options = options;
    this.folder = held.folder;
    this.#lock = held.lock;
    this.#proxyAddress = held.proxyAddress;
  }

  /** Starts a mesh and resolves when it says that it is ready. Every port is a free one. */
  static async start(options: MeshProcessOptions): Promise<MeshProcess> {
    const proxyAddress = parseAddressRange(options.addressRange)?.proxy;
    if (proxyAddress === undefined)
      throw new Error(`${options.addressRange} is no range of loopback addresses`);
    const lock = await lockRange(proxyAddress);
    const folder = await ManifestFolder.create(options.files);
    const mesh = new MeshProcess(options, { folder, lock, proxyAddress });
    try {
      await mesh.run();
    } catch (error) {
      await mesh[Symbol.asyncDispose]();
      throw error;
    }
    return mesh;
  }

  /** The process. */
  get pid(): number {
    const pid = this.#maesh?.child.pid;
    if (pid === undefined) throw new Error('The mesh does not run');
    return pid;
  }

  /** Starts the process, after the first time with the ports that it had before, and waits until it is ready. */
  async run(): Promise<void> {
    const ports = Object.entries(portFlags).flatMap(([name, flag]) => [
      flag,
      String(this.#ports?.[name as keyof typeof portFlags].port ?? 0),
    ]);
    const { addressRange, flags = [] } = this.#options;
    const fixed = [
      '--dir',
      this.folder.path,
      '--stateDir',
      this.folder.besides,
      '--addressRange',
      addressRange,
    ];
    const maesh = startMaesh(['standalone', ...fixed, ...ports, ...flags], {
      env: { HOME: process.env['HOME'] ?? '', ENVOY_BIN: process.env['ENVOY_BIN'] ?? '' },
    });
    this.#maesh = maesh;
    const printed = await maesh.printed(/API +http:\/\/\S+/);
    const api = new URL(/API +(http:\/\/\S+)/.exec(printed)?.[1] ?? '');
    const { body } = await sendHttp({
      address: api.hostname,
      port: Number(api.port),
      path: '/api/status/ports',
    });
    const { http = '', dns = '', xds = '' } = JSON.parse(body) as PortsJson;
    this.#ports = { http: dialOf(http), dns: dialOf(dns), api: dialOf(api.host), xds: dialOf(xds) };
  }

  /** Ends the process by a signal and waits until it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#maesh?.child.kill(signal);
    await this.#maesh?.result;
    this.#maesh = undefined;
  }

  /** Where one of its ports is open. */
  dial(port: keyof typeof portFlags): Dial {
    if (this.#ports === undefined) throw new Error('The mesh has not been ready yet');
    return this.#ports[port];
  }

  /** Asks the API. */
  api(path: string): Promise<HttpAnswer> {
    return sendHttp({ ...this.dial('api'), path });
  }

  /** The topology as the API gives it. */
  async topology(): Promise<TopologyJson> {
    return JSON.parse((await this.api('/api/topology/current')).body) as TopologyJson;
  }

  /** The ways into the mesh as it is now. */
  async entrances(): Promise<MeshEntrances> {
    return {
      ports: entrancesOfJson(await this.topology()),
      httpPort: this.dial('http'),
      proxyAddress: this.#proxyAddress,
    };
  }

  /** Changes manifests, and resolves when the topology shows it and no message to a proxy is unanswered. */
  async write(files: FileChanges): Promise<void> {
    await this.folder.write(files);
    // As in TestMesh.settled, but seen from outside: the marks are services without ports.
    await this.#showMark();
    const second = await this.#showMark();
    await this.#showMark();
    await until(
      'the mesh to forget what is gone',
      async () => !(await this.#hasService(second)) || undefined,
    );
    await until('every message to proxies to be answered', async () => {
      const metrics = (await this.api('/metrics')).body;
      const answered =
        sum(metrics, 'maesh_xds_ack_duration_seconds_count') + sum(metrics, 'maesh_xds_nacks_total');
      return answered === sum(metrics, 'maesh_xds_pushes_total') || undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
    await this.#lock.close();
    await this.folder[Symbol.asyncDispose]();
  }

  async #showMark(): Promise<string> {
    const name = `mark-${++this.#mark}`;
    const mark = `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: maesh-test }\nspec: { clusterIP: None }\n`;
    await this.folder.write({ 'mark.yaml': mark });
    await until('the folder to be read', async () => (await this.#hasService(name)) || undefined);
    return name;
  }

  async #hasService(name: string): Promise<boolean> {
    return Object.hasOwn((await this.topology()).services, `${name}@maesh-test`);
  }
}

function dialOf(host: string): Dial {
  const { hostname, port } = new URL(`tcp://${host}`);
  return { address: hostname, port: Number(port) };
}

/** Sum of a metric over its labels. */
function sum(metrics: string, name: string): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
