// A running mesh whose folder changes all the time, requests to all its services, and the knowledge of what these
// requests may get: one mutation at a time, from a test or a bench.

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAddressRange } from '../../../src/model/addresses.ts';
import { startBackend } from '../backends/start.ts';
import type { Dial } from '../clients/http.ts';
import { lockRange } from '../lock-range.ts';
import { ServiceClient } from '../service-client.ts';
import { Standalone, type StandaloneCall } from '../standalone.ts';
import { TrafficLoad, type Target } from '../traffic-load.ts';
import { until } from '../until.ts';
import { backendNumbers, mendAll, mutate, stableSpecs, type MutationKind } from './mutation-table.ts';
import type { Doors } from './calls.ts';
import { EditedFolder, type Edit } from './edits.ts';
import { Expectations } from './expectations.ts';
import { Random } from './random.ts';
import { backendAddress, backendName, type BackendPlaces, type ServiceSpec } from './service-spec.ts';
import { changingTargets, lastingTargets, stableTargets, TopologyView } from './targets.ts';
import { World } from './world.ts';
import { wrongTopology } from './wrong-topology.ts';

/** What a mesh under change begins with. */
export interface MeshUnderChangeOptions {
  /** The same seed makes the same mutations. */
  readonly seed: number;
  /** Range of loopback addresses of this mesh's own, in CIDR notation. */
  readonly addressRange: string;
  /** First three parts of the backends' addresses. */
  readonly backendNet: string;
  /** How long after a change what was before it may still be seen, in milliseconds; 2,000 by default. */
  readonly lagMs?: number;
  /** Whose Envoy it is, and more that the process is started with. */
  readonly call?: Pick<StandaloneCall, 'flags' | 'ports'>;
}

/** What is asked. */
export type TrafficKind = 'stable' | 'lasting' | 'changing';

const ports = { http: 8080, tcp: 9090, udp: 5300 } as const;

/** Everything in one; ends it all when disposed of. */
export class MeshUnderChange implements AsyncDisposable {
  readonly world: World;
  readonly random: Random;
  readonly expectations: Expectations;
  readonly folder: string;
  readonly stateDir: string;
  readonly addressRange: string;
  /** Admin interface of the Envoy, where the test started it. */
  externalAdmin: Dial | undefined;
  readonly #call: StandaloneCall;
  readonly #stack = new AsyncDisposableStack();
  readonly #edited: EditedFolder;
  readonly #loads: TrafficLoad[] = [];
  #mesh: Standalone | undefined;
  #doors: Doors | undefined;
  #client: ServiceClient | undefined;
  #edits = 0;

  private constructor(options: MeshUnderChangeOptions, root: string) {
    const { seed, addressRange, backendNet: net, lagMs = 2_000 } = options;
    this.random = new Random(seed);
    this.world = new World(this.random, { net, ports } satisfies BackendPlaces);
    this.expectations = new Expectations(lagMs);
    this.addressRange = addressRange;
    this.folder = join(root, 'manifests');
    this.stateDir = join(root, 'state');
    this.#edited = new EditedFolder(this.folder, root);
    this.#call = {
      dirs: [this.folder],
      stateDir: this.stateDir,
      addressRange,
      ...options.call,
      flags: ['--logLevel', 'info', ...(options.call?.flags ?? [])],
    };
    this.#stack.defer(() => rm(root, { recursive: true, force: true }));
  }

  /** Writes the first folder and starts backends; the mesh itself is not started yet. */
  static async create(options: MeshUnderChangeOptions): Promise<MeshUnderChange> {
    const one = new MeshUnderChange(options, await mkdtemp(join(tmpdir(), 'maesh-change-')));
    try {
      await one.#prepare();
    } catch (error) {
      await one[Symbol.asyncDispose]();
      throw error;
    }
    return one;
  }

  /** The process. */
  get mesh(): Standalone {
    if (this.#mesh === undefined) throw new Error('The mesh does not run');
    return this.#mesh;
  }

  /** Where the mesh is entered. */
  get doors(): Doors {
    if (this.#doors === undefined) throw new Error('The mesh has not been ready yet');
    return this.#doors;
  }

  /** Every load on the mesh. */
  get loads(): readonly TrafficLoad[] {
    return this.#loads;
  }

  /** Changes of the file system so far. */
  get edits(): number {
    return this.#edits;
  }

  /** Requests so far. */
  get requests(): number {
    return this.#loads.reduce((sum, { count }) => sum + count, 0);
  }

  /** Every request that did not get what it should have. */
  get failures(): readonly string[] {
    return this.#loads.flatMap(({ failures }) =>
      failures.map(({ target, message }) => `${target}: ${message}`),
    );
  }

  /** Starts the process, and waits for nothing. */
  async spawnMesh(): Promise<void> {
    this.#mesh = await Standalone.spawn(this.#call);
  }

  /** Starts the process and waits until it is ready. */
  async startMesh(): Promise<void> {
    this.#mesh = await Standalone.start(this.#call);
    if (this.#doors !== undefined) return;
    const { http, dns } = await this.#mesh.ports();
    const client = this.#stack.use(new ServiceClient(dns));
    const proxyAddress = parseAddressRange(this.addressRange)?.proxy ?? '';
    this.#doors = { proxyAddress, http, resolve: (name) => client.resolve(name) };
    this.#client = client;
  }

  /** The client that requests are made with. */
  get client(): ServiceClient {
    if (this.#client === undefined) throw new Error('The mesh has not been ready yet');
    return this.#client;
  }

  /**
   * Begins to send requests, of all kinds by default: to services that must never fail, over connections to them that stay
   * open, and to services that change.
   */
  async startTraffic(kinds: readonly TrafficKind[] = ['stable', 'lasting', 'changing']): Promise<void> {
    const { world, client, doors, expectations } = this;
    const view = new TopologyView(() => this.mesh.topology());
    const context = { world, client, doors, view, expectations };
    const targets: Target[] = [];
    if (kinds.includes('stable')) targets.push(...(await stableTargets(context)));
    if (kinds.includes('lasting')) targets.push(...(await lastingTargets(context, this.#stack)));
    this.#loads.push(this.#stack.use(new TrafficLoad(targets, { pauseMs: 120 })));
    if (!kinds.includes('changing')) return;
    this.#loads.push(this.#stack.use(new TrafficLoad(changingTargets(context, 6), { pauseMs: 30 })));
  }

  /** Does one random mutation, of these kinds where some are given. */
  async mutate(kinds?: readonly MutationKind[]): Promise<MutationKind> {
    const before = new Map(this.world.specs);
    const { kind, edits } = mutate(this.world, kinds);
    if (kind === 'break') await this.#known();
    await this.#carryOut(before, edits);
    return kind;
  }

  /** Mends whatever is broken in the folder. */
  async mendAll(): Promise<void> {
    await this.#edited.carryOut(mendAll(this.world), async () => {});
  }

  /** Waits until so many more requests were answered. */
  async moreRequests(count: number): Promise<void> {
    const [stable] = this.#loads;
    if (count > 0) await stable?.more(count);
  }

  /** Where the Envoy of the mesh has its admin interface. */
  async envoyAdmin(): Promise<Dial> {
    if (this.externalAdmin !== undefined) return this.externalAdmin;
    const text = await readFile(join(this.stateDir, 'envoy', 'envoy-bootstrap.json'), 'utf8');
    const { admin } = JSON.parse(text) as {
      readonly admin: {
        readonly address: {
          readonly socket_address: { readonly address: string; readonly port_value: number };
        };
      };
    };
    const { address, port_value: port } = admin.address.socket_address;
    return { address, port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Requests end before the mesh does.
    for (const load of this.#loads) await load.stop();
    await this.#mesh?.[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }

  async #prepare(): Promise<void> {
    const proxyAddress = parseAddressRange(this.addressRange)?.proxy ?? '';
    const lock = await lockRange(proxyAddress);
    this.#stack.defer(() => lock.close());
    for (const number of backendNumbers.all) {
      for (const kind of ['http', 'tcp', 'udp'] as const) {
        const address = backendAddress(this.world.places, number);
        const name = backendName(kind, number);
        this.#stack.use(await startBackend(kind, { name, address, port: ports[kind] }));
      }
    }
    await mkdir(this.folder);
    const before = new Map(this.world.specs);
    for (const spec of stableSpecs) this.world.put(spec);
    await this.#carryOut(before, this.world.allEdits());
    for (let i = 0; i < 20; i++) await this.mutate(['add', 'move', 'reform']);
  }

  /**
   * Waits until the mesh knows all that the folder says. What is broken before that was never good for it, and what has
   * just been taken out of a file that is then broken is not gone.
   */
  async #known(): Promise<void> {
    const isKnown = async (): Promise<true | undefined> =>
      wrongTopology(await this.mesh.topology(), this.world).length === 0 || undefined;
    await until('the mesh to know the folder', isKnown);
    // An object that has moved is held in its old file for a moment, which the topology does not show.
    await this.moreRequests(40);
  }

  async #carryOut(before: ReadonlyMap<string, ServiceSpec>, edits: readonly Edit[]): Promise<void> {
    const changed = [...new Set([...before.keys(), ...this.world.specs.keys()])].filter(
      (key) => before.get(key) !== this.world.specs.get(key),
    );
    for (const key of changed) this.expectations.begin(key, this.world.specs.get(key));
    this.#edits += edits.length;
    await this.#edited.carryOut(edits, () => this.moreRequests(1));
    for (const key of changed) this.expectations.end(key);
  }
}
