// What keeps a cluster's DNS, in the process of a test: leading or not, for a mesh with services of the test's own.

import type { MeshDns } from '../../src/dns/corefile/mesh-dns.ts';
import { DnsKeeper, type DnsTiming } from '../../src/dns/dns-keeper.ts';
import type { DnsStatus } from '../../src/dns/status.ts';
import { resolveAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { runTogether } from '../../src/runtime/run-together.ts';
import { RecordLog } from './record-log.ts';

/** What tests want of it. */
export interface DnsKeeperGiven {
  readonly kubeConfig: string;
  /** Whether it writes; it does by default. */
  readonly leads?: boolean;
  readonly mesh?: Partial<Omit<MeshDns, 'longNames'>>;
  /** Services of the mesh, `namespace/name`; none by default. */
  readonly services?: readonly string[];
  readonly timing?: Partial<DnsTiming>;
  /** Whether pods are replaced once so that they know the mesh's names at once; they aren't by default. */
  readonly restartsOnce?: boolean;
}

/** A running one. */
export class RunningDnsKeeper implements AsyncDisposable {
  readonly log: RecordLog = new RecordLog();
  readonly #keeper: DnsKeeper;
  readonly #client: KubeClient;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  #services: ReadonlySet<string> = new Set();

  private constructor(client: KubeClient, given: DnsKeeperGiven) {
    const mesh = { namespace: 'maesh', clusterDomain: 'cluster.local', domains: ['maesh', 'traefik.mesh'] };
    const { timing = {}, restartsOnce = false } = given;
    this.#client = client;
    this.#keeper = new DnsKeeper({
      client,
      mesh: { ...mesh, ...given.mesh },
      restartsOnce,
      log: this.log,
      clock: systemClock,
      timing: { writeRate: { perSecond: 100, burst: 100 }, gatherMs: 50, outdatedMs: 100, ...timing },
    });
    this.want(given.services ?? []);
    const parts = [
      async (signal: AbortSignal) => await this.#keeper.follow(signal),
      ...(given.leads === false ? [] : [async (signal: AbortSignal) => await this.#keeper.lead(signal)]),
    ];
    this.#running = runTogether(parts, this.#end.signal);
  }

  /** Starts one. */
  static async start(given: DnsKeeperGiven): Promise<RunningDnsKeeper> {
    const access = await resolveAccess({ kubeConfig: given.kubeConfig, masterURL: undefined, env: {} });
    return new RunningDnsKeeper(new KubeClient({ access }), given);
  }

  /** Says which services there are now. */
  want(services: readonly string[]): void {
    const touched = [...this.#services, ...services];
    this.#services = new Set(services);
    this.#keeper.want({ services: this.#services, touched });
  }

  status(): DnsStatus {
    return this.#keeper.status();
  }

  /** Whether every place is as it should be. */
  get isRight(): boolean {
    const status = this.status();
    return status.state === 'known' && status.places.every(({ isRight }) => isRight);
  }

  /** How often it has written. */
  get writes(): number {
    return this.log.lines.filter(({ message }) => message.startsWith('Put the mesh')).length;
  }

  /** Ends it; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
