// A controller of a cluster's mesh as a program: what controller-process.ts starts, which says in the first argument
// what is wanted of it.

import { enableCompileCache, flushCompileCache } from 'node:module';

import type { ProcessGiven } from './controller-process.ts';

// It is started often, and killed before it could write the cache at its end.
enableCompileCache();
const { runController } = await import('../../src/app/controller.ts');
const { createLog } = await import('../../src/runtime/pino-log.ts');
const { controllerOptions, shortLease, shortTimes } = await import('./controllers.ts');
flushCompileCache();

const { proxyAddress, ...given } = JSON.parse(process.argv[2] ?? '') as ProcessGiven;
const log = createLog({ level: 'info', format: 'common' });
// As its manifest has it: what starts again in a pod goes on with what the one before it has left.
const env = { POD_NAME: given.name, POD_UID: given.name };
await runController(
  { ...controllerOptions(given), env },
  {
    log,
    signal: new AbortController().signal,
    onReady: () => log.info('The mesh is ready'),
    proxyAddress,
    leaseTiming: shortLease,
    replicaTimes: shortTimes,
  },
);
