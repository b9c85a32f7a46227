// A TCP backend. It introduces itself with one line, `NAME VERSION`, then echoes every byte. When the client has said
// all it has to (half-close), it says how many bytes it read and closes: what arrives after the client's FIN shows
// that a half-closed connection stays open the other way.

import { createServer } from 'node:net';
import { backend, listen, type Backend, type BackendOptions } from './backend.ts';

/** Who speaks first on a connection: the client, as in HTTP, or the server, as in SMTP and MySQL. */
export type FirstSpeaker = 'client' | 'server';

/** Starts a TCP backend. It counts connections. The client speaks first unless said otherwise. */
export async function startTcpBackend(
  options: BackendOptions & { readonly speaksFirst?: FirstSpeaker },
): Promise<Backend> {
  const introduction = `${options.name} ${options.version ?? 'v1'}\n`;
  let served = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    served++;
    let bytes = 0;
    let isIntroduced = options.speaksFirst === 'server';
    if (isIntroduced) socket.write(introduction);
    socket.on('data', (chunk) => {
      if (!isIntroduced) socket.write(introduction);
      isIntroduced = true;
      bytes += chunk.length;
      if (!socket.write(chunk)) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
    socket.on('end', () => socket.end(`\nread ${bytes} bytes\n`));
  });
  const { port, close } = await listen(server, options);
  return backend({ options, port, served: () => served, close });
}
