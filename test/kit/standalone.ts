// `maesh standalone` as a process that may be killed and started again, and all that a test wants to know of it from
// outside: its log, its API, the processes that it started.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { PortsJson, ProblemJson, TopologyJson } from '../../src/serve/http/api-types.ts';
import { sendHttp, type Dial } from './clients/http.ts';
import { descendants } from './descendants.ts';
import { until } from './until.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** The ports of a mesh, by their names in the API. */
export type PortName = 'http' | 'dns' | 'api' | 'xds';

/** How a mesh is started. */
export interface StandaloneCall {
  /** Folders and files with manifests. */
  readonly dirs: readonly string[];
  readonly stateDir: string;
  /** Range of loopback addresses in CIDR notation, of this mesh's own. */
  readonly addressRange: string;
  /** Ports to open; any free one where nothing is said. */
  readonly ports?: Partial<Readonly<Record<PortName, number>>>;
  /** More flags. */
  readonly flags?: readonly string[];
  /** Environment besides PATH and ENVOY_BIN. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command in front that becomes the program, such as setpriv with its flags. */
  readonly wrapper?: readonly string[];
}

/** A line of the log: `level`, `msg`, and its fields. */
export type LogEntry = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/** How the process ended. */
export interface StandaloneEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  /** What it wrote to standard error that is no line of the log. */
  readonly stderr: string;
}

const portFlags: Readonly<Record<PortName, string>> = {
  http: '--httpPort',
  dns: '--dnsPort',
  api: '--apiPort',
  xds: '--xdsPort',
};

/** A process of `maesh standalone`. */
export class Standalone implements AsyncDisposable {
  /** Lines of its log so far. */
  readonly log: LogEntry[] = [];
  /** Resolves when the process has ended. */
  readonly ended: Promise<StandaloneEnd>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #output = { stdout: '', stderr: '' };
  #hasEnded = false;

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.#output.stdout += chunk));
    createInterface({ input: child.stderr }).on('line', (line) => this.#takeLine(line));
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#hasEnded = true;
      return { code: code as number | null, signal: signal as string | null, ...this.#output };
    });
  }

  /** Starts the process, and waits for nothing. */
  static async spawn(call: StandaloneCall): Promise<Standalone> {
    const ports = Object.entries(portFlags).flatMap(([name, flag]) => [
      flag,
      String(call.ports?.[name as PortName] ?? 0),
    ]);
    const { path } = await findEnvoy({ log: silentLog });
    const [program = process.execPath, ...args] = [
      ...(call.wrapper ?? []),
      process.execPath,
      main,
      'standalone',
      ...call.dirs.flatMap((dir) => ['--dir', dir]),
      '--stateDir',
      call.stateDir,
      '--addressRange',
      call.addressRange,
      '--logFormat',
      'json',
      ...ports,
      ...(call.flags ?? []),
    ];
    const child = spawn(program, args, {
      cwd: import.meta.dirname,
      env: {
        PATH: process.env['PATH'],
        NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'],
        ENVOY_BIN: path,
        ...call.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Standalone(child);
  }

  /** Starts the process and waits until it says that the mesh is ready. */
  static async start(call: StandaloneCall): Promise<Standalone> {
    const mesh = await Standalone.spawn(call);
    try {
      await mesh.ready();
    } catch (error) {
      await mesh[Symbol.asyncDispose]();
      throw error;
    }
    return mesh;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('The process could not be started');
    return pid;
  }

  /** What it has printed for people. */
  get stdout(): string {
    return this.#output.stdout;
  }

  /** Waits until the mesh says that it is ready. */
  async ready(): Promise<void> {
    await this.#whileRunning('the mesh to be ready', () => /^The mesh is ready/m.test(this.stdout));
  }

  /** Waits for a line of the log, past or to come. */
  async line(message: RegExp): Promise<LogEntry> {
    await this.#whileRunning(`the log to say ${String(message)}`, () => this.lines(message).length > 0);
    return this.lines(message)[0] ?? { level: '', msg: '' };
  }

  /** Lines of the log so far whose message matches. */
  lines(message: RegExp): readonly LogEntry[] {
    return this.log.filter(({ msg }) => message.test(msg));
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits until the process has ended. */
  async end(signal: NodeJS.Signals): Promise<StandaloneEnd> {
    this.kill(signal);
    return await this.ended;
  }

  /** Where its API is open, by what it has printed. */
  get api(): Dial {
    const url = new URL(/API +(http:\/\/\S+)/.exec(this.stdout)?.[1] ?? 'http://unknown');
    return { address: url.hostname, port: Number(url.port) };
  }

  /** Asks the API for JSON. */
  async json(path: string): Promise<unknown> {
    const { status, body } = await sendHttp({ ...this.api, path, timeoutMs: 20_000 });
    if (status !== 200) throw new Error(`${path} answers ${status}: ${body}`);
    return JSON.parse(body);
  }

  async topology(): Promise<TopologyJson> {
    return (await this.json('/api/topology/current')) as TopologyJson;
  }

  async problems(): Promise<readonly ProblemJson[]> {
    return (await this.json('/api/problems')) as readonly ProblemJson[];
  }

  /** Where its ports are open, those of the API included. */
  async ports(): Promise<Readonly<Record<PortName, Dial>>> {
    const ports = (await this.json('/api/status/ports')) as PortsJson;
    const dial = (name: PortName): Dial => {
      const { hostname, port } = new URL(`tcp://${ports[name] ?? 'unknown:0'}`);
      return { address: hostname, port: Number(port) };
    };
    return { http: dial('http'), dns: dial('dns'), api: dial('api'), xds: dial('xds') };
  }

  /** Its metrics as they are now. */
  async metrics(): Promise<MetricValues> {
    return new MetricValues((await sendHttp({ ...this.api, path: '/metrics', timeoutMs: 20_000 })).body);
  }

  /** Process of the Envoy that it runs, once it does. */
  async envoyPid(): Promise<number> {
    return await until('Envoy to be started', async () => (await descendants(this.pid))[0]);
  }

  /** Ends the process, and all that it started. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.kill('SIGTERM');
    // An Envoy ends with its controller, however that ends.
    const timer = setTimeout(() => this.kill('SIGKILL'), 10_000);
    await this.ended;
    clearTimeout(timer);
  }

  async #whileRunning(what: string, condition: () => boolean): Promise<void> {
    await until(
      what,
      () => {
        if (condition()) return true;
        return this.#hasEnded ? false : undefined;
      },
      30_000,
    );
    if (!condition()) throw new Error(`maesh has ended: ${JSON.stringify([this.log, this.#output])}`);
  }

  #takeLine(line: string): void {
    try {
      this.log.push(JSON.parse(line) as LogEntry);
    } catch {
      this.#output.stderr += `${line}\n`;
    }
  }
}

/** Metrics in Prometheus' text format, looked up. */
export class MetricValues {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Sum of the series of a metric that carry all of these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return this.#text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }
}
