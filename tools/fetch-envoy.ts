// Makes sure that there is an Envoy to run, before a command that needs one starts.

import { findEnvoy } from '../src/proxy/find-envoy.ts';
import { createLog } from '../src/runtime/pino-log.ts';

const log = createLog({ level: 'info', format: 'common' });

try {
  await findEnvoy({ log });
} catch (error) {
  log.error((error as Error).message);
  process.exitCode = 1;
}
