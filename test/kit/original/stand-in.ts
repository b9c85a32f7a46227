// Runs in a container for what the image of Maesh 1.3 would be: `proxy` is a Traefik as the original ran it, which asks the
// controller for its configuration, and `prepare` ends at once, as `wait` does. Anything else is a controller that says what
// a test has PUT to it.

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { configurationPath, controllerPort, traefikPath } from './stand-in-places.ts';
import { traefikFlags } from './traefik.ts';

const controllerUrl = `http://maesh-controller.maesh.svc.cluster.local:${controllerPort}${configurationPath}`;

function becomeProxy(): never {
  const polling = [`--providers.http.endpoint=${controllerUrl}`, '--providers.http.pollInterval=1s'];
  const flags = [...traefikFlags('0.0.0.0', new Set(['http-5000', 'tcp-10000'])), ...polling];
  return process.execve?.(traefikPath, [traefikPath, ...flags], process.env) as never;
}

function beController(): void {
  let configuration: string | undefined;
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      if (request.method === 'PUT') configuration = await text(request);
      // A replica that nobody has told anything must not take the proxies' routes away.
      if (configuration === undefined) response.writeHead(503).end();
      else response.setHeader('content-type', 'application/json').end(configuration);
    };
    take().catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(controllerPort);
  // As the first process of its container it gets no signal that it hasn't asked for.
  process.on('SIGTERM', () => process.exit(0));
}

const [command] = process.argv.slice(2);
if (command === 'proxy') becomeProxy();
else if (command !== 'prepare' && command !== 'wait') beController();
