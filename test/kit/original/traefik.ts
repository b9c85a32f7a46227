// A real Traefik as the original's proxies ran it, with the flags of the original's chart.
//
// It is of version 3, and told to be as version 2 was where the two differ and can be: rules are in the language of
// version 2, `ipWhiteList` is still taken, paths are neither cleaned nor refused for what is encoded in them. What can't be
// told: a weighted service in which nobody has a weight answers 503 (version 2: 500).

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnTethered } from '../../../src/proxy/tether.ts';
import { sendHttp, type Dial } from '../clients/http.ts';
import { talkUdp } from '../clients/udp.ts';
import { findTraefik } from '../fetch-traefik.ts';
import { until } from '../until.ts';
import type { OriginalMesh } from './configuration.ts';
import type { DynamicConfiguration } from './dynamic.ts';
import { firstEntryPort } from './world.ts';

/** A running Traefik; ended, with its files, when disposed of. */
export interface Traefik extends AsyncDisposable {
  readonly address: string;
  /** What it has logged. */
  readonly log: () => string;
}

/** What a Traefik is started with. */
export interface TraefikOptions {
  /** Where its entry points are. */
  readonly address: string;
  readonly mesh: OriginalMesh;
  /** Where names that are no loopback addresses lead: see cluster-names.ts. */
  readonly forwardProxy: Dial;
  /** HTTP and UDP servers of the test, for the routers that tell when the configuration is effective. */
  readonly ready: { readonly http: Dial; readonly udp: Dial };
}

const readiness = { http: 1081, udp: 1083 };
/** Entry points that are there whatever services there are. */
const httpEntryPoints = [`http-${firstEntryPort.http}`];

/** Starts a Traefik, and resolves when what is configured is in effect. */
export async function startTraefik(options: TraefikOptions): Promise<Traefik> {
  const { address, mesh, forwardProxy } = options;
  const { configuration, world } = mesh;
  await using cleanUp = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'maesh-traefik-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  addReadiness(configuration, options.ready);
  // JSON is YAML, which Traefik reads.
  const file = join(folder, 'dynamic.yaml');
  await writeFile(file, configuration.toJson());
  const surroundings = [`HTTP_PROXY=http://${forwardProxy.address}:${forwardProxy.port}`, 'NO_PROXY='];
  const command = [await findTraefik(), ...traefikFlags(address, world.entryPoints())];
  // It logs to standard output.
  const { process: child, stderr } = spawnTethered('sh', [
    '-c',
    'exec env "$@" >&2',
    'sh',
    ...surroundings,
    ...command,
    `--providers.file.filename=${file}`,
  ]);
  const end = once(child, 'exit');
  cleanUp.defer(async () => {
    child.kill('SIGKILL');
    await end;
  });
  let log = '';
  stderr.on('data', (text: Buffer) => (log += text.toString()));
  await until('Traefik to serve what it was told', async () => {
    if (child.exitCode !== null || log.includes('building configuration')) throw new Error(log);
    const { status } = await sendHttp({ address, port: readiness.http, path: '/ping' });
    if (status !== 200) return undefined;
    // UDP entry points get theirs last.
    await talkUdp({ address, port: readiness.udp, send: 'ping', timeoutMs: 500 });
    // Another at this address would have answered, too.
    if (child.exitCode !== null) throw new Error(log);
    return true;
  });
  const rest = cleanUp.move();
  return { address, log: () => log, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

function addReadiness({ http, udp }: DynamicConfiguration, at: TraefikOptions['ready']): void {
  const name = 'readiness';
  const url = `http://${at.http.address}:${at.http.port}`;
  http.routers[name] = { entryPoints: [name], rule: 'Path(`/ping`)', service: name, priority: 1 };
  http.services[name] = { loadBalancer: { passHostHeader: true, servers: [{ url }] } };
  udp.routers[name] = { entryPoints: [`${name}-udp`], service: name };
  udp.services[name] = { loadBalancer: { servers: [{ address: `${at.udp.address}:${at.udp.port}` }] } };
}

/** Flags that make a Traefik one of the original's proxies, but for where its configuration is: entry points are named `tcp-10000`. */
export function traefikFlags(address: string, entryPoints: ReadonlySet<string>): string[] {
  return [
    ...entryPoint('readiness', `${address}:${readiness.http}`),
    ...entryPoint('readiness-udp', `${address}:${readiness.udp}/udp`),
    ...[...new Set([...httpEntryPoints, ...entryPoints])].flatMap((name) => {
      const [traffic, port] = name.split('-');
      return traffic === 'udp'
        ? entryPoint(name, `${address}:${port}/udp`)
        : [...entryPoint(name, `${address}:${port}`), ...asVersion2(name)];
    }),
    '--core.defaultRuleSyntax=v2',
    // As users of `scheme: https` had to.
    '--serversTransport.insecureSkipVerify=true',
    '--serversTransport.forwardingTimeouts.idleConnTimeout=1s',
    '--global.checkNewVersion=false',
    '--global.sendAnonymousUsage=false',
    '--log.level=ERROR',
    '--log.noColor=true',
  ];
}

function entryPoint(name: string, address: string): string[] {
  return [`--entryPoints.${name}.address=${address}`];
}

const encoded = ['Slash', 'BackSlash', 'NullCharacter', 'Semicolon', 'Percent', 'QuestionMark', 'Hash'];

function asVersion2(name: string): string[] {
  return [
    `--entryPoints.${name}.forwardedHeaders.insecure=true`,
    `--entryPoints.${name}.http.sanitizePath=false`,
    ...encoded.map((kind) => `--entryPoints.${name}.http.encodedCharacters.allowEncoded${kind}=true`),
  ];
}
