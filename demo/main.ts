// `npm run demo`: backends, a mesh over them, and requests by mesh name with their answers; then everything stays up
// with commands to try, until Ctrl-C. `--once` ends after the requests, with exit code 1 if one did not give what it should.

import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { startBackends } from './backends.ts';
import { getByHost, lookUp, sayByTcp, sayByUdp } from './clients.ts';
import { startMesh, stopMesh, type DemoMesh } from './mesh.ts';

const shopName = 'shop.store.maesh';

/** One thing that the demo shows; resolves with what is to be seen, rejects if it is not as it should be. */
interface Scene {
  readonly title: string;
  play(mesh: DemoMesh, dir: string): Promise<string>;
}

const scenes: readonly Scene[] = [
  {
    title: `HTTP by name: curl -H 'Host: ${shopName}'`,
    async play({ httpPort }) {
      const bodies = await shopAnswers(httpPort, 4);
      expect(
        bodies.has('v1') && bodies.has('v2'),
        `both versions answer, but only ${[...bodies].join()} did`,
      );
      return 'shop v1 and shop v2 answer in turn';
    },
  },
  {
    title: 'A name that is no service',
    async play({ httpPort }) {
      const { status } = await getByHost({ host: '127.0.0.1', port: httpPort }, 'nobody.store.maesh');
      expect(status === 404, `it gives 404, not ${status}`);
      return '404';
    },
  },
  {
    title: 'TCP by name: echo.store.maesh:7000',
    async play({ dnsPort }) {
      const host = await lookUp('echo.store.maesh', dnsPort);
      const answer = await sayByTcp({ host, port: 7000 }, 'hello');
      expect(answer === 'hello', `the echo is "hello", not "${answer}"`);
      return `DNS says ${host}, the echo says "${answer}"`;
    },
  },
  {
    title: 'UDP by name: beacon.store.maesh:7001',
    async play({ dnsPort }) {
      const host = await lookUp('beacon.store.maesh', dnsPort);
      const answer = await sayByUdp({ host, port: 7001 }, 'hello');
      expect(answer === 'hello heard', `the answer is "hello heard", not "${answer}"`);
      return `DNS says ${host}, the beacon says "${answer}"`;
    },
  },
  {
    title: 'A change: shop-v1 leaves the manifests',
    async play({ httpPort }, dir) {
      const file = join(dir, 'shop.yaml');
      const before = await readFile(file, 'utf8');
      const tookMs = await replaceFile(file, before.replace('podIP: 127.88.0.1\n', '\n'), async () => {
        return !(await shopAnswers(httpPort, 2)).has('v1');
      });
      await replaceFile(file, before, async () => (await shopAnswers(httpPort, 2)).has('v1'));
      return `requests go to shop v2 alone ${Math.ceil(tookMs)} ms later, and to both again when it is back`;
    },
  },
];

async function shopAnswers(port: number, count: number): Promise<ReadonlySet<string>> {
  const versions = new Set<string>();
  for (let i = 0; i < count; i++) {
    // oxlint-disable-next-line no-await-in-loop -- in turn, to see the turns
    const { status, body } = await getByHost({ host: '127.0.0.1', port }, shopName);
    const version = /^shop (v\d) /.exec(body)?.[1];
    if (status !== 200 || version === undefined)
      throw new Error(`it gives 200 from a shop, not ${status}: ${body}`);
    versions.add(version);
  }
  return versions;
}

/** Replaces a file as a whole and waits until that has its effect; resolves with how long it took, in milliseconds. */
async function replaceFile(file: string, text: string, isEffective: () => Promise<boolean>): Promise<number> {
  await writeFile(`${file}.new`, text);
  const start = performance.now();
  await rename(`${file}.new`, file);
  // oxlint-disable-next-line no-await-in-loop -- asked again until it is so
  while (!(await isEffective()))
    expect(performance.now() - start < 5000, 'a change has its effect within 5 s');
  return performance.now() - start;
}

function expect(isSo: boolean, text: string): void {
  if (!isSo) throw new Error(text);
}

async function playAll(mesh: DemoMesh, dir: string): Promise<boolean> {
  let isAllRight = true;
  for (const scene of scenes) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one scene after the other
      const seen = await scene.play(mesh, dir);
      say(`${styleText('green', '✓')} ${scene.title}\n    ${seen}`);
    } catch (error) {
      isAllRight = false;
      say(
        `${styleText('red', '✗')} ${scene.title}\n    ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return isAllRight;
}

function sayWhatToTry({ httpPort, dnsPort, apiPort }: DemoMesh, dir: string): void {
  say(`
The mesh is running. Try:

  curl -H 'Host: ${shopName}' http://localhost:${httpPort}
  http_proxy=http://localhost:${httpPort} curl http://${shopName}
  dig +short -p ${dnsPort} @127.0.0.1 echo.store.maesh
  curl http://localhost:${apiPort}/api/status/nodes
  curl http://localhost:${apiPort}/metrics

The manifests are in ${dir}: change one and call again.
Ctrl-C ends everything.`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Resolves when the demo is told to end, or its mesh ends by itself: with whether that was meant. */
function ended(mesh: DemoMesh, stop: AbortSignal): Promise<boolean> {
  return new Promise((settle) => {
    if (stop.aborted) settle(true);
    stop.addEventListener('abort', () => settle(true));
    mesh.process.on('exit', () => settle(stop.aborted));
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  const dir = await mkdtemp(join(tmpdir(), 'maesh-demo-'));
  try {
    await cp(join(import.meta.dirname, 'manifests'), dir, { recursive: true });
    await startBackends();
    say('Backends run: shop v1 and shop v2 (HTTP), echo (TCP), beacon (UDP)');
    const start = performance.now();
    const mesh = await startMesh(dir, { anyPorts: values.once });
    say(
      `maesh standalone ${mesh.flags.join(' ')}\n  serves after ${Math.round(performance.now() - start)} ms\n`,
    );
    try {
      const isAllRight = await playAll(mesh, dir);
      if (values.once || stop.signal.aborted) return isAllRight ? 0 : 1;
      sayWhatToTry(mesh, dir);
      return (await ended(mesh, stop.signal)) ? 0 : 1;
    } finally {
      await stopMesh(mesh);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

try {
  // The backends would keep the process alive.
  process.exit(await main());
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
