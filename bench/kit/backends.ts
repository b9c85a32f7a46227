// What answers for the probed services: HTTP servers that say at which address they were reached.

import { createServer } from 'node:http';

import { listen } from '../../test/kit/backends/backend.ts';
import { backendAddresses, servicePort } from './addresses.ts';

/** Starts the backends of both sets; ended when disposed of. */
export async function startBackends(): Promise<AsyncDisposable> {
  const addresses = [...backendAddresses(0), ...backendAddresses(1)];
  const running = await Promise.all(addresses.map(startBackend));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map(({ close }) => close()));
    },
  };
}

function startBackend(address: string): ReturnType<typeof listen> {
  const server = createServer((_, response) => response.end(address));
  return listen(server, { name: address, address, port: servicePort });
}
