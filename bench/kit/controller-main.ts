// The controller of a cluster's mesh, as `maesh` without a command runs it, but for one thing: its proxies open mesh
// ports on an address that is given, not on all of the machine's.

import { runController } from '../../src/app/controller.ts';
import { createLog } from '../../src/runtime/pino-log.ts';
import { meshAddress } from './controller-addresses.ts';

/** What differs from start to start. */
export interface ControllerGiven {
  readonly kubeConfig: string;
  readonly apiPort: number;
  readonly xdsPort: number;
}

const given = JSON.parse(process.argv[2] ?? '') as ControllerGiven;
const log = createLog({ level: 'info', format: 'json' });
const end = new AbortController();
process.once('SIGTERM', () => end.abort());
await runController(
  {
    ...given,
    masterURL: undefined,
    env: {},
    hostname: 'bench',
    namespace: 'maesh',
    watchNamespaces: [],
    ignoreNamespaces: [],
    leaseName: 'maesh-controller',
    meshDomains: ['maesh', 'traefik.mesh'],
    clusterDomain: 'cluster.local',
    keepDNS: false,
    restartDNS: false,
    defaultMode: 'http',
    acl: false,
    closeForbidden: false,
    limitHTTPPort: undefined,
    limitTCPPort: undefined,
    limitUDPPort: undefined,
    apiHost: '127.0.0.1',
    logLevel: 'info',
    logFormat: 'json',
  },
  { log, signal: end.signal, onReady: () => log.info('The mesh is ready'), proxyAddress: meshAddress },
);
