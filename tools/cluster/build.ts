// Builds a program from its Go module and what that requires, which Go fetches and checks against go.sum.

import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { spawnTethered } from '../../src/proxy/tether.ts';
import type { Log } from '../../src/runtime/log.ts';
import type { Program } from './programs.ts';

const heartbeatMs = 30_000;
const shownLines = 20;

/** What makes two builds of the same sources the same, wherever they are built and whatever the user's settings are. */
const settings = ['GOFLAGS=-trimpath -buildvcs=false -mod=readonly', 'GOWORK=off', 'CGO_ENABLED=0'];

/**
 * Builds a program at low priority and says every half minute how far it is. Go's own caches serve as ever, so that a
 * build that was broken off goes on where it was. It ends with this process.
 * @param program what is built, with the path of the executable to be.
 * @throws with Go's last lines.
 */
export async function build(program: Program & { readonly executable: string }, log: Log): Promise<void> {
  const { name, version, sources, main, executable, linkerFlags } = program;
  const started = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  // -v: a line for each package that is compiled.
  const go = ['go', 'build', '-v', '-ldflags', `-s -w ${linkerFlags}`, '-o', executable, main];
  const environment = ['env', '-C', sources, '-u', 'GOOS', '-u', 'GOARCH', ...settings];
  const { process: child, stderr } = spawnTethered('nice', [...environment, ...go]);
  const ended = once(child, 'close');
  const words: string[] = [];
  let packages = 0;
  createInterface({ input: stderr }).on('line', (line) => {
    if (/^\S+$/.test(line)) packages++;
    else if (!line.startsWith('go: downloading ')) words.push(line);
    if (words.length > shownLines) words.shift();
  });
  const heartbeat = setInterval(
    () => log.info(`Still building ${name} ${version}: ${elapsed()}, ${packages} packages compiled`),
    heartbeatMs,
  );
  const [code, signal] = (await ended.finally(() => clearInterval(heartbeat))) as [
    number | null,
    string | null,
  ];
  if (code !== 0)
    throw new Error(
      `Cannot build ${name} ${version}: go build ended with ${code ?? signal}. It takes Go 1.26 or newer and access to ` +
        `a Go module proxy. Its last words:\n${words.join('\n')}`,
    );
  log.info(`Built ${name} ${version} in ${elapsed()}`);
}
