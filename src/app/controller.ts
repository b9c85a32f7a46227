// The mesh of a cluster: the same stages as a standalone mesh, with the API server as the source and as the place where
// what is handed out is on record.

import { randomUUID } from 'node:crypto';
import { EventForm } from '../apply/event-form.ts';
import type { WantedEvent } from '../apply/event.ts';
import { OriginalProxies } from '../apply/original-proxies.ts';
import { ProblemWriter } from '../apply/problem-writer.ts';
import { ShadowWriter } from '../apply/shadow-writer.ts';
import { StatusForm } from '../apply/status-form.ts';
import type { WantedStatus } from '../apply/status.ts';
import type { TrafficDistribution } from '../apply/shadow.ts';
import { trafficDistributionOf } from '../apply/traffic-distribution.ts';
import type { ControllerOptions } from '../config/options.ts';
import type { Round } from '../control/loop.ts';
import { DnsKeeper } from '../dns/dns-keeper.ts';
import { resolveAccess } from '../kube/access.ts';
import { KubeClient } from '../kube/client.ts';
import { LeaseElector, type LeaseTiming } from '../kube/lease.ts';
import { leaseStore } from '../kube/lease-record.ts';
import { emptyAllocation } from '../model/build.ts';
import { clusterPorts } from '../model/ports.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { aborted, runTogether } from '../runtime/run-together.ts';
import type { ControllerJson } from '../serve/http/api-types.ts';
import { createApi } from '../serve/http/api.ts';
import { serveHttp } from '../serve/http/serve.ts';
import { createKubernetesSource } from '../source/kubernetes/kubernetes-source.ts';
import { askedNamespaces, type NamespaceSettings } from '../source/kubernetes/namespaces.ts';
import { ProxyPods } from '../source/kubernetes/proxy-pods.ts';
import { kindsWithStatus } from '../source/kubernetes/with-identity.ts';
import { kindParsers } from '../source/parse/kinds.ts';
import { idleSeconds } from '../translate/http-manager.ts';
import { listenXds } from './listen-xds.ts';
import { Mesh } from './mesh.ts';
import { lookUpNames } from './name-lookup.ts';
import { limitedPorts, readinessPort, type Placement } from './placement.ts';
import { refusedOf } from './proxy-problems.ts';
import { Refusals } from './refusals.ts';
import { Replica, type ReplicaTimes } from './replica.ts';
import { countServing } from './serving-proxies.ts';
import { waitForServer } from './wait-for-server.ts';

/** All of the machine's addresses, of both IP families. */
const everywhere = '::';

/**
 * How long a freed mesh port rests when the proxies of all replicas have acknowledged that it is nobody's: longer than a
 * caller may keep a connection to it, which ends when it is unused for so long or with the answer to the next request.
 */
const recordedRestMs = (idleSeconds + 30) * 1000;

/** What a controller is run with besides its settings. */
export interface ControllerRun {
  readonly log: Log;
  /** Ends the controller when it aborts. */
  readonly signal: AbortSignal;
  /** Called once, when proxies are told what to serve. */
  readonly onReady: () => void;
  /** Address on which proxies open mesh ports and their readiness; all of their pod's by default. */
  readonly proxyAddress?: string;
  /** Name servers that are asked for the names of services, other than the machine's or pod's own. */
  readonly nameServers?: readonly string[];
  /** Times of the election, other than the usual ones. */
  readonly leaseTiming?: LeaseTiming;
  /** Times of what freed mesh ports wait for, other than the usual ones. */
  readonly replicaTimes?: ReplicaTimes;
}

/**
 * Runs the controller of a cluster's mesh until the signal aborts. Rejects where nothing says how the API server is
 * reached, where a port can't be opened, and where it can't go on; an API server that is away is waited for.
 */
export async function runController(options: ControllerOptions, run: ControllerRun): Promise<void> {
  const { log, signal } = run;
  const access = await resolveAccess(options);
  log.info('Using the API server', { source: access.source });
  const client = new KubeClient({ access });
  const controller = new Controller(options, { client, ...run });
  const { mesh } = controller;
  const api = await serveHttp(createApi(mesh, { clock: systemClock, log }), {
    host: options.apiHost,
    port: options.apiPort,
  });
  try {
    const xds = await listenXds(mesh.xds, { host: everywhere, port: options.xdsPort });
    mesh.opened({ http: undefined, dns: undefined, api: { host: options.apiHost, port: api.port }, xds });
    log.info('Listening', mesh.addresses());
    void mesh.serving.then(() => run.onReady());
    await controller.run(signal);
  } finally {
    mesh.loop.stop();
    await Promise.all([api.close(), mesh.xds.close()]);
    controller.stop();
    client.close();
  }
}

/** The stages of a cluster's mesh, joined. */
class Controller {
  readonly mesh: Mesh;
  readonly #options: ControllerOptions;
  readonly #client: KubeClient;
  readonly #log: Log;
  /** Two processes of one name would both lead. */
  readonly #identity: string;
  readonly #elector: LeaseElector;
  readonly #namespaces: NamespaceSettings;
  readonly #replica: Replica;
  readonly #shadows: ShadowWriter;
  readonly #events: ProblemWriter<WantedEvent>;
  readonly #statuses: ProblemWriter<WantedStatus>;
  readonly #proxyPods: ProxyPods;
  readonly #originalProxies: OriginalProxies;
  /** Undefined where DNS is not kept. */
  readonly #dns: DnsKeeper | undefined;
  readonly #refusals = new Refusals({
    rejections: () => this.mesh.xds.rejections(),
    others: () => this.#replica.refusedByOthers,
    uidOf: (service) => this.mesh.loop.drafts.get(service)?.uid,
    onChange: () => this.#wantEvents(),
    clock: systemClock,
  });
  readonly #recorded = Promise.withResolvers<void>();
  #trafficDistribution: TrafficDistribution;

  constructor(options: ControllerOptions, run: ControllerRun & { readonly client: KubeClient }) {
    const { client, log, proxyAddress = everywhere, replicaTimes: times = {}, nameServers } = run;
    this.#options = options;
    this.#client = client;
    this.#log = log;
    this.#identity = `${options.hostname}_${randomUUID()}`;
    this.#namespaces = { watch: options.watchNamespaces, ignore: options.ignoreNamespaces };
    this.#replica = this.#makeReplica(times);
    this.#shadows = new ShadowWriter({
      client,
      namespace: options.namespace,
      trafficDistribution: () => this.#trafficDistribution,
      queueObserver: () => this.mesh.queueObserver('shadow-services'),
      onRecorded: (recorded, details) => {
        this.mesh.loop.record(recorded, details);
        this.#recorded.resolve();
      },
      acknowledged: (signal) => this.#replica.acknowledgedByAll(signal),
      restTiming: times.rest ?? { restMs: recordedRestMs, lookMs: 1_000 },
      areProxiesKnown: () => this.#areProxiesKnown(),
      ...(times.moves !== undefined && { moveTiming: times.moves }),
      log,
      clock: systemClock,
    });
    const common = { client, namespaces: askedNamespaces(this.#namespaces), log, clock: systemClock };
    this.#events = new ProblemWriter(
      new EventForm({ ...common, meshNamespace: options.namespace, instance: options.hostname }),
      { ...common, queueObserver: () => this.mesh.queueObserver('events') },
    );
    this.#statuses = new ProblemWriter(
      new StatusForm({ ...common, kinds: kindsWithStatus.map((kind) => kindParsers[kind]) }),
      { ...common, queueObserver: () => this.mesh.queueObserver('statuses') },
    );
    const ofProxies = { client, namespace: options.namespace, log };
    this.#proxyPods = new ProxyPods(ofProxies);
    this.#originalProxies = new OriginalProxies({
      ...ofProxies,
      pods: () => this.#proxyPods.list(),
      services: () => this.mesh.loop.drafts.size,
      clock: systemClock,
    });
    this.#dns = keeperOf(options, { client, log });
    this.mesh = new Mesh({
      placement: placementOf(options, proxyAddress),
      allocation: emptyAllocation,
      // Shadow Services are the record.
      saveAllocation: () => {},
      waitsForProxy: false,
      proxyPods: () => this.#proxyPods.list(),
      proxyObserver: this.#refusals.observer,
      onRound: (round) => this.#roundDone(round),
      ...(times.rest !== undefined && { restMs: times.rest.restMs }),
      name: options.hostname,
      cluster: () => this.#inCluster(),
      lookUpNames: (service) => lookUpNames(service, { ...options, nameServers }),
      log,
    });
    this.#elector = this.#makeElector(run.leaseTiming);
    this.mesh.xds.onSettled((settled) => this.#replica.settled({ shadows: this.#shadows, settled }));
  }

  /** Waits for the API server, then follows and writes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const version = await waitForServer(this.#client, { log: this.#log, signal });
    if (version === undefined) return;
    this.#trafficDistribution = trafficDistributionOf(version);
    await runTogether(
      [
        (until) => this.mesh.run(until),
        (until) => this.#replica.run(until),
        (until) => this.#follow(until),
        (until) => this.#proxyPods.run(until),
        async (until) => await this.#dns?.follow(until),
        (until) => this.#read(until),
        (until) => this.#elector.run(until),
      ],
      signal,
    );
  }

  /** Ends what goes on after {@link run}, as long as proxies are connected. */
  stop(): void {
    this.#refusals.stop();
  }

  /** What was built is written back, and proxies are told of it. */
  #roundDone({ topology }: Round): void {
    this.#wantEvents();
    this.#statuses.want(topology.problems);
    const { drafts, touched, allocation, sharedPorts: shared } = this.mesh.loop;
    this.#shadows.want({ drafts, touched, table: allocation.ports, shared });
    this.#dns?.want({ services: drafts, touched });
    const settled = this.mesh.xds.settledSequence();
    this.#replica.built({ shadows: this.#shadows, sequence: this.mesh.loop.sequence, settled });
  }

  #wantEvents(): void {
    const known = this.mesh.loop.topology?.problems ?? [];
    const { problems: refused } = this.#refusals;
    this.#events.want(refused.length === 0 ? known : [...known, ...refused]);
  }

  /** A leader that doesn't see this replica must not have changed what this one reads after. */
  async #follow(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#replica.known, aborted(signal)]);
    if (!signal.aborted) await this.#shadows.follow(signal);
  }

  /**
   * Whether every pod that callers may be sent to is a proxy of ours, connected, and opens all mesh ports: pods of the
   * original have the same labels and know nothing of ports that it has not handed out.
   */
  #areProxiesKnown(): boolean {
    const pods = this.#proxyPods.list().filter(({ isReady }) => isReady).length;
    return this.#replica.proxiesOfAll >= pods;
  }

  /** Nothing is built before it is known what is on record. */
  async #read(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#recorded.promise, aborted(signal)]);
    if (signal.aborted) return;
    const source = createKubernetesSource({
      client: this.#client,
      namespaces: this.#namespaces,
      log: this.#log,
    });
    await source.run((offer) => this.mesh.loop.offer(offer), signal);
  }

  #makeReplica(times: ReplicaTimes): Replica {
    return new Replica({
      client: this.#client,
      options: this.#options,
      log: this.#log,
      times,
      proxies: () => countServing(this.mesh.xds.proxies(), this.mesh.xds.rejections()),
      refused: () => refusedOf(this.mesh.xds.rejections()),
      onRefused: () => this.#refusals.othersChanged(),
    });
  }

  #makeElector(timing: LeaseTiming | undefined): LeaseElector {
    const { namespace, leaseName } = this.#options;
    return new LeaseElector({
      store: leaseStore(this.#client, { namespace, name: leaseName }),
      identity: this.#identity,
      lead: async (until) => {
        // Else Events of what proxies of other replicas refuse would be taken for mended, and made anew.
        await this.#replica.beginToLead(until);
        await runTogether(
          [this.#shadows, this.#events, this.#statuses, this.#dns, this.#replica, this.#originalProxies].map(
            (each) => async (on) => await each?.lead(on),
          ),
          until,
        );
      },
      log: this.#log,
      ...(timing !== undefined && { timing }),
    });
  }

  /** What the API says of the cluster. */
  #inCluster(): ControllerJson['cluster'] {
    const { namespace, leaseName: lease, watchNamespaces, ignoreNamespaces, acl } = this.#options;
    const { isLeading } = this.#elector;
    const dns = this.#dns?.status() ?? { state: 'off' };
    const own = { namespace, lease, identity: this.#identity, isLeading };
    return { ...own, watchNamespaces, ignoreNamespaces, acl, dns };
  }
}

function keeperOf(
  { keepDNS, restartDNS: restartsOnce, namespace, clusterDomain, meshDomains: domains }: ControllerOptions,
  { client, log }: { readonly client: KubeClient; readonly log: Log },
): DnsKeeper | undefined {
  if (!keepDNS) return undefined;
  const mesh = { namespace, clusterDomain, domains };
  return new DnsKeeper({ client, mesh, restartsOnce, log, clock: systemClock });
}

function placementOf(options: ControllerOptions, address: string): Placement {
  const ports = limitedPorts(clusterPorts, options);
  return {
    model: {
      defaultMode: options.defaultMode,
      ports,
      addresses: undefined,
      isAccessControlled: options.acl,
    },
    translate: {
      meshAddress: address,
      ports,
      readiness: { address, port: readinessPort },
      hostPort: undefined,
      meshDomains: options.meshDomains,
      isAccessControlled: options.acl,
      closesForbidden: options.closeForbidden,
    },
  };
}
