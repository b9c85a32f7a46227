// Runs in a container for what the images of the original would be: `proxy` is a Traefik as the original ran it, which asks for
// its configuration where an argument says, and `prepare` ends at once, as `wait` does. Anything else is a controller that says
// what a test has PUT to it.

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { controllerPort, traefikPath } from './stand-in-places.ts';
import { traefikFlags } from './traefik.ts';

function becomeProxy(args: readonly string[]): never {
  const url = args.map((argument) => /endpoint=(.+)/u.exec(argument)?.[1]).find((each) => each !== undefined);
  const polling = [`--providers.http.endpoint=${url}`, '--providers.http.pollInterval=1s', '--ping'];
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

const [command, ...rest] = process.argv.slice(2);
if (command === 'proxy') becomeProxy(rest);
else if (command !== 'prepare' && command !== 'wait') beController();
