// What runs in a test pod: `test-pod http=8080 tcp=9000` serves with the test kit's backends, named after the pod, and
// every one makes calls for the test. `VERSION` of the environment is what they give as their version.

import { hostname } from 'node:os';

import { startBackend, type BackendKind } from '../backends/start.ts';
import { startCallServer } from './call-server.ts';

// As the first process of its container it gets no signal that it hasn't asked for.
process.on('SIGTERM', () => process.exit(0));

for (const argument of process.argv.slice(2)) {
  const [kind = '', port = ''] = argument.split('=');
  await startBackend(kind as BackendKind, {
    name: hostname(),
    version: process.env['VERSION'] ?? 'v1',
    address: '0.0.0.0',
    port: Number(port),
  });
}
startCallServer();
