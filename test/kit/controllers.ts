// Controllers of a cluster's mesh in the process of a test.

import { runController } from '../../src/app/controller.ts';
import type { ReplicaTimes } from '../../src/app/replica.ts';
import type { ControllerOptions } from '../../src/config/options.ts';
import type { LeaseTiming } from '../../src/kube/lease.ts';
import { freePort } from './free-port.ts';
import { RecordLog } from './record-log.ts';

/** An election that is over sooner than usual. */
export const shortLease: LeaseTiming = { leaseMs: 1_500, renewDeadlineMs: 1_000, retryMs: 200 };

/** Freed mesh ports that rest shorter than usual, and replicas that tell each other sooner. */
export const shortTimes: ReplicaTimes = {
  rest: { restMs: 100, lookMs: 50 },
  lease: { renewMs: 500, gapMs: 50 },
  staleMs: 2_000,
};

/** A running controller. */
export interface RunningController extends AsyncDisposable {
  readonly name: string;
  readonly apiPort: number;
  readonly xdsPort: number;
  readonly log: RecordLog;
  /** Whether proxies are told what to serve. Throws where the controller has given up. */
  readonly isReady: () => boolean;
  /** How many shadow Services it has written, changed or deleted. */
  readonly writes: () => number;
  /** Gets a path of its API, as text. */
  readonly get: (path: string) => Promise<string>;
  /** Ends it; resolves when it has ended. */
  readonly stop: () => Promise<void>;
}

/** What tests want of a controller. */
export interface ControllerGiven {
  readonly name?: string;
  readonly kubeConfig: string;
  /** The mesh's own namespace. */
  readonly namespace: string;
  /** The only namespaces whose services are in the mesh. */
  readonly watchNamespaces: readonly string[];
  readonly defaultMode?: ControllerOptions['defaultMode'];
  /** Number of ports of services of traffic type http that the mesh has room for. */
  readonly limitHTTPPort?: number;
  /** Whether access is controlled; not so by default. */
  readonly acl?: boolean;
  /** Address on which proxies open mesh ports. */
  readonly proxyAddress?: string;
  readonly replicaTimes?: ReplicaTimes;
  /** {@link shortLease} by default. */
  readonly leaseTiming?: LeaseTiming;
  /** Address of the API: the loopback one by default, to which an API server's proxy doesn't go. */
  readonly apiHost?: string;
  /** Name servers that know the services of the cluster. */
  readonly nameServers?: readonly string[];
  /** Whether the cluster's DNS is kept; not so by default. */
  readonly keepDNS?: boolean;
}

/** Starts a controller on free ports. It need not be ready yet. */
export async function startController(given: ControllerGiven): Promise<RunningController> {
  const { name = 'controller', proxyAddress = '127.0.0.1', defaultMode = 'http' } = given;
  const { apiHost = '127.0.0.1' } = given;
  const [apiPort, xdsPort] = await Promise.all([freePort(apiHost), freePort('127.0.0.1')]);
  const log = new RecordLog();
  const end = new AbortController();
  let isReady = false;
  let failure: unknown;
  const running = runController(controllerOptions({ ...given, name, defaultMode, apiPort, xdsPort }), {
    log,
    signal: end.signal,
    onReady: () => (isReady = true),
    proxyAddress,
    leaseTiming: given.leaseTiming ?? shortLease,
    replicaTimes: given.replicaTimes ?? shortTimes,
    ...(given.nameServers !== undefined && { nameServers: given.nameServers }),
  });
  // Reported where it is waited for.
  running.catch((error: unknown) => (failure = error));
  const stop = async (): Promise<void> => {
    end.abort();
    await running;
  };
  return {
    name,
    apiPort,
    xdsPort,
    log,
    isReady: () => {
      if (failure !== undefined) throw new Error('The controller has given up', { cause: failure });
      return isReady;
    },
    writes: () => log.lines.filter(({ message }) => message.endsWith(' a shadow Service')).length,
    get: async (path) => await (await fetch(`http://${apiHost}:${apiPort}${path}`)).text(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The settings of a controller, all but those that tests name being the usual ones. */
export function controllerOptions(given: ControllerSettings): ControllerOptions {
  const { name, limitHTTPPort, acl = false, keepDNS = false, apiHost = '127.0.0.1', ...options } = given;
  return {
    ...options,
    acl,
    closeForbidden: false,
    limitHTTPPort,
    masterURL: undefined,
    env: {},
    hostname: name,
    ignoreNamespaces: [],
    leaseName: 'maesh-controller',
    meshDomains: ['maesh', 'traefik.mesh'],
    clusterDomain: 'cluster.local',
    keepDNS,
    restartDNS: false,
    limitTCPPort: undefined,
    limitUDPPort: undefined,
    apiHost,
    logLevel: 'info',
    logFormat: 'common',
  };
}

/** Settings that tests name. */
export interface ControllerSettings extends Omit<ControllerGiven, 'proxyAddress'> {
  readonly name: string;
  readonly defaultMode: ControllerOptions['defaultMode'];
  readonly apiPort: number;
  readonly xdsPort: number;
}
