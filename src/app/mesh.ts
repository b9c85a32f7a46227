// The stages of a mesh, joined: what one of them says, those that need it are told.

import manifest from '../../package.json' with { type: 'json' };
import type { ListenAddress } from '../config/options.ts';
import { ControlLoop, type Round } from '../control/loop.ts';
import type { Allocation } from '../model/compose.ts';
import type { ServiceKey } from '../model/key.ts';
import type { PortRanges, PortTable } from '../model/ports.ts';
import { byProblem, type Problem } from '../model/problem.ts';
import { drainSeconds } from '../proxy/drain.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { QueueObserver } from '../runtime/queue-observer.ts';
import { aborted } from '../runtime/run-together.ts';
import type { ApiState, NodeConfiguration } from '../serve/http/api.ts';
import type { ControllerJson, MeshPortsJson, NamesJson, ProxiesJson } from '../serve/http/api-types.ts';
import { countMeshPorts } from '../serve/http/mesh-ports.ts';
import { Metrics } from '../serve/http/metrics.ts';
import type { QueueName } from '../serve/http/queue-metrics.ts';
import { addressText } from '../serve/listen-error.ts';
import type { XdsObserver } from '../serve/xds/observer.ts';
import { XdsServer } from '../serve/xds/server.ts';
import type { ProxyPod } from '../source/kubernetes/proxy-pods.ts';
import { createTranslator } from '../translate/translate.ts';
import { nodeConfiguration, nodesOf, type MeshNode } from './nodes.ts';
import type { Placement } from './placement.ts';
import { proxiesJson } from './proxies-json.ts';
import { proxyProblems } from './proxy-problems.ts';

/** What a mesh is reached by, as far as it is open; filled in as it opens. */
export interface Reached {
  readonly http: ListenAddress | undefined;
  readonly dns: ListenAddress | undefined;
  readonly api: ListenAddress | undefined;
  readonly xds: ListenAddress | undefined;
}

/**
 * How long a freed port or address rests when no proxy knows it any more: three times as long as Envoy keeps the
 * connections to it, and longer than answers of our DNS may be kept.
 */
const usualRestMs = 3 * drainSeconds * 1000;

/** What one mesh differs in from another. */
export interface MeshOptions {
  readonly placement: Placement;
  /** What was handed out before a restart. */
  readonly allocation: Allocation;
  /** Puts on record what is handed out; see ControlOptions. */
  readonly saveAllocation: (allocation: Allocation) => void;
  /** Whether requests are served when a proxy is ready; else as soon as proxies could be told what to serve. */
  readonly waitsForProxy: boolean;
  /** Pods of proxies that are known now, in a cluster; asked whenever somebody wants to know. */
  readonly proxyPods?: () => readonly ProxyPod[];
  readonly onRound?: (round: Round) => void;
  /** Told, too, of what proxies accept and refuse, and which of them come and go. */
  readonly proxyObserver?: Omit<XdsObserver, 'ready' | 'pushed'>;
  /** How long a freed port or address rests when no proxy of this process knows it any more, if not as usual. */
  readonly restMs?: number;
  /** Name of the pod or machine that this is. */
  readonly name: string;
  /** What the API says of the cluster that the mesh is in; absent where it is in none. */
  readonly cluster?: () => ControllerJson['cluster'];
  /** Asks DNS for the names of a service; absent where the mesh is in no cluster. */
  readonly lookUpNames?: (service: ServiceKey) => Promise<NamesJson>;
  readonly log: Log;
}

/** The control loop, the xDS server and the metrics of a mesh. Constructing it opens nothing. */
export class Mesh implements ApiState {
  readonly loop: ControlLoop;
  readonly xds: XdsServer;
  readonly #options: MeshOptions;
  readonly #metrics: Metrics;
  readonly #serving = Promise.withResolvers<void>();
  #reached: Reached = { http: undefined, dns: undefined, api: undefined, xds: undefined };

  constructor(options: MeshOptions) {
    const { placement, log } = options;
    this.#options = options;
    this.#metrics = new Metrics({
      topology: () => this.topology(),
      problems: () => this.problems(),
      ports: () => this.#ports(),
      connectedProxies: () => this.xds.proxies().length,
      queueDepth: () => this.loop.queueDepth,
    });
    this.xds = new XdsServer({ log, observer: this.#observer() });
    this.loop = new ControlLoop({
      model: placement.model,
      allocation: options.allocation,
      saveAllocation: options.saveAllocation,
      translate: createTranslator(placement.translate),
      publish: (resources) => this.xds.publish(resources),
      onRound: (round) => this.#roundDone(round),
      clock: systemClock,
      log,
      restMs: options.restMs ?? usualRestMs,
    });
    this.xds.onSettled((sequence) => this.loop.settled(sequence));
  }

  /** Resolves when requests are served; with Envoys that others start, when these are told what to serve. */
  get serving(): Promise<void> {
    return this.#serving.promise;
  }

  /** Resolves when the signal aborts; rejects where the mesh can't go on before. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.race([aborted(signal), this.loop.failed]);
  }

  /** Says what the mesh is reached by. */
  opened(reached: Reached): void {
    this.#reached = reached;
  }

  envoyRestarted(): void {
    this.#metrics.envoyRestarted();
  }

  /** Who is told of the work in a queue of this name, for its metrics. */
  queueObserver(queue: QueueName): QueueObserver {
    return this.#metrics.queueObserver(queue);
  }

  /** The source has read what had changed. */
  hasRead(durationMs: number): void {
    this.#metrics.stageTook('read', durationMs);
  }

  dnsAnswered(rcode: string): void {
    this.#metrics.dnsAnswered(rcode);
  }

  isReady(): boolean {
    return this.loop.topology !== undefined;
  }

  waitingFor(): string {
    return 'not everything has been read yet';
  }

  topology(): ReturnType<ApiState['topology']> {
    return this.loop.topology;
  }

  resources(): ReturnType<ApiState['resources']> {
    return this.loop.resources;
  }

  problems(): readonly Problem[] {
    const refused = proxyProblems(this.xds.rejections());
    const known = this.loop.topology?.problems ?? [];
    return refused.length === 0 ? known : [...known, ...refused].toSorted(byProblem);
  }

  nodes(): readonly MeshNode[] {
    const pods = this.#options.proxyPods?.() ?? [];
    return nodesOf({ pods, connected: this.xds.proxies() });
  }

  async nodeConfiguration(name: string): Promise<NodeConfiguration> {
    return await nodeConfiguration(this.nodes(), name);
  }

  addresses(): Readonly<Record<string, string>> {
    const { http, dns, api, xds } = this.#reached;
    return {
      ...(http && { http: addressText(http.host, http.port) }),
      ...(dns && { dns: addressText(dns.host, dns.port) }),
      ...(api && { api: addressText(api.host, api.port) }),
      ...(xds && { xds: addressText(xds.host, xds.port) }),
    };
  }

  controller(): ControllerJson {
    const { name, cluster } = this.#options;
    return { version: manifest.version, name, cluster: cluster?.() ?? null };
  }

  proxies(): ProxiesJson {
    return proxiesJson(this.xds, this.loop.sequence);
  }

  meshPorts(): MeshPortsJson {
    const ports = this.#ports();
    return {
      http: countMeshPorts(ports, 'http'),
      tcp: countMeshPorts(ports, 'tcp'),
      udp: countMeshPorts(ports, 'udp'),
    };
  }

  async names(service: ServiceKey): Promise<NamesJson | undefined> {
    if (this.loop.topology?.services.has(service) !== true) return undefined;
    return await this.#options.lookUpNames?.(service);
  }

  async metrics(): Promise<string> {
    return await this.#metrics.text();
  }

  #ports(): { readonly table: PortTable; readonly ranges: PortRanges } {
    return { table: this.loop.allocation.ports, ranges: this.#options.placement.model.ports };
  }

  #roundDone(round: Round): void {
    const { buildMs, translateMs, publishMs } = round;
    this.#metrics.stageTook('model', buildMs);
    this.#metrics.stageTook('translate', translateMs);
    this.#metrics.stageTook('publish', publishMs);
    if (!this.#options.waitsForProxy) this.#serving.resolve();
    this.#options.onRound?.(round);
  }

  #observer(): XdsObserver {
    const { proxyObserver: other } = this.#options;
    return {
      ...other,
      ready: () => this.#serving.resolve(),
      pushed: (event) => this.#metrics.pushed(event),
      acknowledged: (event) => {
        this.#metrics.acknowledged(event);
        other?.acknowledged?.(event);
      },
      rejected: (event) => {
        this.#metrics.rejected(event);
        other?.rejected?.(event);
      },
    };
  }
}
