// Credential plugins: programs named in a kubeconfig that print a token or a certificate (aws, gcloud, kubelogin …).
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';

import { AccessError } from './access-error.ts';
import type { KubeconfigExec } from './kubeconfig-format.ts';

/** How long a plugin may take by default: it may ask a server, but must not hold a controller up for good. */
const defaultTimeoutMs = 60_000;
const maxOutputBytes = 1024 * 1024;
/** A credential is replaced so long before it expires, so that none expires under way. */
const earlyMs = 10_000;

/** What a plugin gave. */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** What a plugin is run with. */
export interface ExecPluginOptions {
  readonly exec: KubeconfigExec;
  /** The kubeconfig that names the plugin: a path of a program is relative to its folder. */
  readonly file: string;
  /** What a plugin that asks for it (`provideClusterInfo`) is told of the cluster. */
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970, in which expiry is told; the machine's by default. */
  readonly wallClock?: () => number;
  /** How long it may take, in milliseconds; a minute by default. */
  readonly timeoutMs?: number;
}

interface Obtained extends ExecCredential {
  readonly renewAt: number;
}

const answerSchema = z.object({
  kind: z.literal('ExecCredential'),
  status: z.object({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.string().nullish(),
  }),
});

/** A plugin and what it gave last. However many ask at once, it runs once. */
export class ExecPlugin {
  readonly #options: Required<ExecPluginOptions>;
  #obtained: Obtained | undefined;
  #running: Promise<Obtained> | undefined;

  constructor(options: ExecPluginOptions) {
    this.#options = { wallClock: Date.now, timeoutMs: defaultTimeoutMs, ...options };
  }

  /** What the plugin gave, if that is still good, else what it gives now. */
  async credential(): Promise<ExecCredential> {
    if (this.#obtained !== undefined && this.#options.wallClock() < this.#obtained.renewAt)
      return this.#obtained;
    this.#running ??= this.#run();
    try {
      this.#obtained = await this.#running;
    } finally {
      this.#running = undefined;
    }
    return this.#obtained;
  }

  /** Forgets what the plugin gave: the server does not accept it. */
  forget(): void {
    this.#obtained = undefined;
  }

  async #run(): Promise<Obtained> {
    const { exec, wallClock } = this.#options;
    if (exec.interactiveMode === 'Always') {
      throw this.#error(
        'it wants a terminal to ask you (interactiveMode Always), and Maesh has none to give',
      );
    }
    const startedAt = wallClock();
    const output = await this.#output();
    let answer;
    try {
      answer = answerSchema.parse(JSON.parse(output));
    } catch {
      throw this.#error('it did not print an ExecCredential');
    }
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = answer.status;
    if (!token && !(clientCertificateData && clientKeyData)) {
      throw this.#error('it printed neither a token nor a certificate with its key');
    }
    const expiresAt = expirationTimestamp ? Date.parse(expirationTimestamp) : Number.NaN;
    const lifetimeMs = expiresAt - startedAt;
    return {
      token: token || undefined,
      cert: clientCertificateData || undefined,
      key: clientKeyData || undefined,
      renewAt: Number.isNaN(expiresAt)
        ? Number.POSITIVE_INFINITY
        : expiresAt - Math.min(earlyMs, lifetimeMs / 10),
    };
  }

  /** Runs the program and gives what it prints. */
  #output(): Promise<string> {
    const { exec, file, env } = this.#options;
    const command = exec.command.includes('/') ? resolve(dirname(file), exec.command) : exec.command;
    const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
    return new Promise((fulfil, reject) => {
      const child = spawn(command, exec.args ?? [], {
        env: { ...env, ...own, KUBERNETES_EXEC_INFO: this.#info() },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const output: Buffer[] = [];
      let size = 0;
      let complaint = '';
      const give = (reason: string): void => {
        // What the program started in turn may live on, and must not be waited for.
        child.kill('SIGKILL');
        child.stdout.destroy();
        child.stderr.destroy();
        reject(this.#error(reason));
      };
      const timer = setTimeout(() => give('it takes too long'), this.#options.timeoutMs);
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxOutputBytes) output.push(chunk);
        else give('it prints too much');
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(-300);
      });
      child.on('error', (error: NodeJS.ErrnoException) => reject(this.#startError(error)));
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        const words = complaint.trim().replaceAll(/\s+/g, ' ');
        if (code === 0) fulfil(Buffer.concat(output).toString());
        else
          reject(this.#error(`it ended with ${code ?? signal}${words === '' ? '' : `, saying: ${words}`}`));
      });
    });
  }

  #info(): string {
    const { exec, cluster } = this.#options;
    return JSON.stringify({
      apiVersion: exec.apiVersion ?? 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false, ...(exec.provideClusterInfo === true && { cluster }) },
    });
  }

  #startError(error: NodeJS.ErrnoException): AccessError {
    const hint = this.#options.exec.installHint?.trim() ?? '';
    const isMissing = error.code === 'ENOENT';
    return this.#error(isMissing ? 'there is no such program' : error.message, hint || undefined);
  }

  #error(reason: string, hint: string = 'Run it by hand to see what it lacks'): AccessError {
    const { exec, file } = this.#options;
    return new AccessError(
      `The credential plugin ${exec.command} of kubeconfig ${file} gave no credentials: ${reason}. ${hint}`,
    );
  }
}
