// Options of a standalone mesh for tests that run its parts in their own process.

import type { StandaloneOptions } from '../../src/config/options.ts';

/** A mesh whose Envoys others start, with any free port for everything. */
export function standaloneDefaults(stateDir: string): StandaloneOptions {
  return {
    dir: [],
    httpPort: 0,
    dnsPort: 0,
    apiPort: 0,
    apiHost: '127.0.0.1',
    xdsPort: 0,
    envoy: 'external',
    envoyBin: undefined,
    concurrency: 1,
    stateDir,
    addressRange: '127.89.128.0/17',
    defaultMode: 'http',
    acl: false,
    closeForbidden: false,
    limitHTTPPort: undefined,
    limitTCPPort: undefined,
    limitUDPPort: undefined,
    namespace: 'maesh',
    logFormat: 'common',
    logLevel: 'error',
  };
}
