// A whole mesh in the test's own process: a folder of manifests, the pipeline, the xDS server, and a real Envoy.
// Nothing sleeps: whoever changes the folder goes on when the proxy has acknowledged what came of the change.

import { cpus } from 'node:os';
import { join } from 'node:path';
import { ControlLoop, type Round } from '../../src/control/loop.ts';
import { parseAddressRange } from '../../src/model/addresses.ts';
import { emptyAllocation, type ModelOptions } from '../../src/model/build.ts';
import type { Allocation } from '../../src/model/compose.ts';
import { objectKey } from '../../src/model/key.ts';
import type { Offer } from '../../src/model/offer.ts';
import { standalonePorts } from '../../src/model/ports.ts';
import type { Topology } from '../../src/model/topology.ts';
import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { superviseEnvoy } from '../../src/proxy/supervise.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { NackEvent } from '../../src/serve/xds/observer.ts';
import { XdsServer } from '../../src/serve/xds/server.ts';
import { createFileSource } from '../../src/source/file/file-source.ts';
import { bootstrap } from '../../src/translate/bootstrap.ts';
import type { TranslateOptions } from '../../src/translate/options.ts';
import { type Resources, typeUrls } from '../../src/translate/resources.ts';
import { createTranslator } from '../../src/translate/translate.ts';
import { sendHttp, type Dial } from './clients/http.ts';
import { differences, held, told } from './config-dump.ts';
import { entrancesOf, type Entrance, type MeshEntrances } from './entrances.ts';
import { ManifestFolder, type FileChanges } from './folder.ts';
import { freePort } from './free-port.ts';
import { lockRange } from './lock-range.ts';
import { RecordLog } from './record-log.ts';
import { until } from './until.ts';

/** What a test mesh begins with. */
export interface TestMeshOptions {
  /** The first manifests; none by default. */
  readonly files?: FileChanges;
  /** Range of loopback addresses in CIDR notation, of the test file's own: test files run at the same time. */
  readonly addressRange: string;
  /** What was handed out before; nothing by default. */
  readonly allocation?: Allocation;
  /** Whether only those may call whom a TrafficTarget lets in; not so by default. */
  readonly isAccessControlled?: boolean;
  /** Whether TCP connections are closed whose caller may no longer open them; not so by default. */
  readonly closesForbidden?: boolean;
}

/** The settings of the model and of the translation that tests use: the same for whoever runs them. */
export function testSettings(
  addressRange: string,
  isAccessControlled = false,
): {
  readonly model: ModelOptions;
  readonly translate: TranslateOptions;
} {
  const range = parseAddressRange(addressRange);
  if (range === undefined) throw new Error(`${addressRange} is no range of loopback addresses`);
  return {
    model: {
      defaultMode: 'http',
      ports: standalonePorts,
      addresses: range.services,
      firstLocalPort: 1024,
      isAccessControlled,
    },
    translate: {
      meshAddress: range.proxy,
      ports: standalonePorts,
      readiness: { address: range.proxy, port: 19_001 },
      hostPort: { address: range.proxy, port: 19_000 },
      isAccessControlled,
    },
  };
}

/** A running mesh. */
export class TestMesh implements MeshEntrances, AsyncDisposable {
  readonly addresses: ReturnType<typeof testSettings>['translate'];
  /** Everything that the mesh and its Envoy have logged. */
  readonly log: RecordLog = new RecordLog();
  readonly folder: ManifestFolder;
  /** Each time that Envoy has refused something. */
  readonly nacks: NackEvent[] = [];
  /** Every round of the control loop. */
  readonly rounds: Round[] = [];
  readonly xds: XdsServer;
  readonly #loop: ControlLoop;
  readonly #abort = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  /** Keys of Namespaces that the source has offered: the marks of {@link settled}. */
  readonly #marks = new Set<string>();
  #mark = 0;
  #published = 0;
  #admin: Dial | undefined;
  #lock: { close(): Promise<void> } | undefined;

  private constructor(options: TestMeshOptions, folder: ManifestFolder) {
    const settings = testSettings(options.addressRange, options.isAccessControlled);
    this.addresses = settings.translate;
    this.folder = folder;
    this.xds = new XdsServer({ log: this.log, observer: { rejected: (event) => this.nacks.push(event) } });
    this.#loop = new ControlLoop({
      model: settings.model,
      allocation: options.allocation ?? emptyAllocation,
      saveAllocation: () => {},
      translate: createTranslator({
        ...settings.translate,
        closesForbidden: options.closesForbidden ?? false,
      }),
      publish: (resources) => (this.#published = this.xds.publish(resources)),
      onRound: (round) => this.rounds.push(round),
      clock: systemClock,
      log: this.log,
    });
    this.xds.onSettled((sequence) => this.#loop.settled(sequence));
  }

  /** Starts a mesh and resolves when its Envoy says that it is ready, and has all that it was told. */
  static async start(options: TestMeshOptions): Promise<TestMesh> {
    const mesh = new TestMesh(options, await ManifestFolder.create(options.files));
    try {
      await mesh.#start();
    } catch (error) {
      await mesh[Symbol.asyncDispose]();
      throw error;
    }
    return mesh;
  }

  get topology(): Topology {
    return defined(this.#loop.topology, 'topology');
  }

  get resources(): Resources {
    return defined(this.#loop.resources, 'resources');
  }

  get allocation(): Allocation {
    return this.#loop.allocation;
  }

  /** The ways to every service port. */
  get ports(): ReadonlyMap<string, Entrance> {
    return entrancesOf(this.topology);
  }

  /** The port that serves every HTTP service by Host. */
  get httpPort(): Dial {
    return defined(this.addresses.hostPort, 'HTTP port');
  }

  /** Where mesh ports are open. */
  get proxyAddress(): string {
    return this.addresses.meshAddress;
  }

  /** Envoy's admin interface. */
  get admin(): Dial {
    return defined(this.#admin, 'admin interface');
  }

  /** Changes manifests, and resolves when Envoy has acknowledged what came of it. */
  async write(files: FileChanges): Promise<void> {
    await this.folder.write(files);
    await this.settled();
  }

  /** Resolves when all that is in the folder has been read, built, translated and acknowledged by Envoy. */
  async settled(): Promise<void> {
    // A look at the folder that shows a second mark began after one that showed the first had ended, and so after all
    // that was written before the first. The source is slow to believe that an object is gone; when it has forgotten
    // the second mark, it has forgotten all that was gone before it.
    await this.#readMark();
    const second = await this.#readMark();
    await this.#readMark();
    await until('the source to forget what is gone', () => !this.#marks.has(second) || undefined);
    await this.#effective();
  }

  /** What Envoy says it holds, from its admin interface. */
  async adminJson(path: string): Promise<unknown> {
    return JSON.parse((await sendHttp({ ...this.admin, path })).body);
  }

  /** How what Envoy holds differs from what it was told; empty where it doesn't. */
  async differences(): Promise<readonly string[]> {
    return differences(told(this.resources), held(await this.adminJson('/config_dump?include_eds')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#loop.stop();
    await Promise.all(this.#running);
    await this.xds.close();
    await this.#lock?.close();
    await this.folder[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const { signal } = this.#abort;
    const address = this.proxyAddress;
    this.#lock = await lockRange(address);
    const port = await this.xds.listen({ host: address, port: 0 });
    this.#admin = { address, port: await freePort(address) };
    const source = createFileSource({ paths: [this.folder.path], log: this.log });
    this.#running.push(source.run((offer) => this.#offer(offer), signal));
    const envoy = superviseEnvoy({
      binary: (await findEnvoy({ log: this.log })).path,
      bootstrap: () =>
        bootstrap({ nodeId: 'test', cluster: 'maesh', xds: { address, port }, admin: this.admin }),
      workDir: join(this.folder.besides, 'envoy'),
      concurrency: Math.min(2, cpus().length),
      log: this.log,
    });
    this.#running.push(envoy.run(signal));
    await until('Envoy to connect', () => this.xds.proxies().length > 0 || undefined);
    await until('Envoy to be ready', async () => {
      const { status } = await sendHttp({ ...this.addresses.readiness, path: '/ping' });
      return status === 200 || undefined;
    });
    await this.#effective();
  }

  #offer(offer: Offer): void {
    for (const { kind, key, object } of offer.changes) {
      if (kind !== 'Namespace') continue;
      if (object === undefined) this.#marks.delete(key);
      else this.#marks.add(key);
    }
    this.#loop.offer(offer);
  }

  /** Writes a Namespace, in which the mesh has no interest, and waits until the source offers it; returns its key. */
  async #readMark(): Promise<string> {
    const name = `mark-${++this.#mark}`;
    await this.folder.write({
      'mark.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`,
    });
    const key = objectKey('', name);
    await until('the folder to be read', () => this.#marks.has(key) || undefined);
    return key;
  }

  /** Waits until Envoy has, and does, what the source has offered. */
  async #effective(): Promise<void> {
    await until('the loop to take up all changes', () => this.#loop.queueDepth === 0 || undefined);
    await until('Envoy to acknowledge', () => this.xds.settledSequence() >= this.#published || undefined);
    await this.#listening();
  }

  /** Waits until every listener that Envoy has acknowledged has also begun to listen. */
  async #listening(): Promise<void> {
    const refused = this.xds.rejections().map(({ name, message }) => `${name}: ${message}`);
    if (refused.length > 0) throw new Error(`Envoy refused ${refused.join('; ')}`);
    const wanted = [...this.resources[typeUrls.listener].keys()];
    await until('Envoy to listen', async () => {
      const { listener_statuses = [] } = (await this.adminJson('/listeners?format=json')) as {
        readonly listener_statuses?: ReadonlyArray<{ readonly name: string }>;
      };
      const names = new Set(listener_statuses.map(({ name }) => name));
      const missing = wanted.filter((name) => !names.has(name));
      if (missing.length > 0) throw new Error(`Envoy has yet to open ${missing.join(', ')}`);
      return true;
    });
  }
}

function defined<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`The mesh has no ${what} yet`);
  return value;
}
