// A real control plane for tests: etcd, kube-apiserver and, where a test wants it, kube-controller-manager, on a
// loopback address of their own. It takes some 3 s to start and 350 MB (with controllers 3.5 s and 490 MB), so a test
// file starts one, and its tests keep apart by namespaces.

import { generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findExecutable } from '../../tools/cluster/binaries.ts';
import { CertificateAuthority, type Certificate } from './cluster/certificates.ts';
import { Component } from './cluster/component.ts';
import {
  apiServerFlags,
  controllerManagerFlags,
  etcdFlags,
  kubernetesAddress,
  schedulerFlags,
  type ClusterLayout,
  type ControlPlaneOptions,
} from './cluster/flags.ts';
import { createClusterFolder } from './cluster/folder.ts';
import { kubeconfigText } from './cluster/kubeconfig.ts';
import { freePort } from './free-port.ts';
import type { KubeObject } from './kube-objects.ts';
import { KubeRequester, type KubeAccess } from './kube-request.ts';

/** The programs of a control plane. */
export type ComponentName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

/** A running control plane. When this process ends, however it ends, its processes end too. */
export class ControlPlane implements AsyncDisposable {
  /** Of the API server, such as `https://127.96.1.2:40123`. It stays over restarts. */
  readonly url: string;
  /** Signs what may be trusted: certificates of servers, and of clients, which are users. */
  readonly authority: CertificateAuthority;
  /** The API server's own certificate. It is good for 127.0.0.1 and `localhost` too, where a proxy may use it. */
  readonly serving: Certificate;
  /** The administrator, by a client certificate. */
  readonly admin: KubeAccess;
  /** A token that makes an administrator of whoever sends it. */
  readonly adminToken: string;
  /** A file for {@link admin}. */
  readonly kubeconfig: string;
  /** A temporary folder, deleted in the end. */
  readonly folder: string;
  readonly #layout: ClusterLayout;
  readonly #options: ControlPlaneOptions;
  readonly #running = new Map<ComponentName, Component>();
  #kubeconfigs = 0;

  private constructor(parts: ControlPlaneParts, options: ControlPlaneOptions) {
    const { layout, authority, admin, adminToken } = parts;
    this.url = `https://${layout.address}:${layout.ports.apiServer}`;
    this.authority = authority;
    this.serving = layout.serving;
    this.admin = { url: this.url, ca: authority.certificate.cert, certificate: admin };
    this.adminToken = adminToken;
    this.kubeconfig = layout.kubeconfig;
    this.folder = layout.folder;
    this.#layout = layout;
    this.#options = options;
  }

  /** See {@link startControlPlane}. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const plane = new ControlPlane(await prepare(options), options);
    try {
      await writeFile(plane.kubeconfig, kubeconfigText(plane.admin));
      await plane.startEtcd();
      await plane.startApiServer();
      const { network, controllerManager } = options;
      if (network !== undefined || controllerManager) await plane.startControllerManager();
      if (network !== undefined) plane.startScheduler();
    } catch (error) {
      await plane.stop();
      throw error;
    }
    return plane;
  }

  /** The id of a process; undefined while it doesn't run. */
  pid(name: ComponentName): number | undefined {
    return this.#running.get(name)?.pid;
  }

  /** Starts etcd with the data that it had. Resolves when it serves. */
  async startEtcd(): Promise<void> {
    const etcd = this.#spawn('etcd', etcdFlags(this.#layout));
    await etcd.ready(async () => (await fetch(`${this.#etcdUrl}/health`)).ok);
  }

  /** Starts the API server, on the port that it had. Resolves when it is ready, with the roles of RBAC in place. */
  async startApiServer(): Promise<void> {
    const server = this.#spawn('kube-apiserver', apiServerFlags(this.#layout, this.#options));
    await server.ready(() => this.#answers('/readyz'));
  }

  /** Starts the controllers, and resolves when they are at work. */
  async startControllerManager(): Promise<void> {
    const manager = this.#spawn(
      'kube-controller-manager',
      controllerManagerFlags(this.#layout, this.#options),
    );
    await manager.ready(() => this.#answers('/api/v1/namespaces/default/serviceaccounts/default'));
  }

  /** Starts the scheduler, which nobody waits for. */
  startScheduler(): void {
    this.#spawn('kube-scheduler', schedulerFlags(this.#layout));
  }

  /** Has the API server end as one does that is replaced. Resolves when it is gone. */
  async stopApiServer(): Promise<void> {
    await this.#take('kube-apiserver').stop();
  }

  /** Kills one of the processes. Resolves when it is gone. */
  async kill(name: ComponentName): Promise<void> {
    await this.#take(name).kill();
  }

  /**
   * Has etcd forget everything but the newest state of each object. What asks it for an older revision is told that it
   * is gone (410): the next page of a list, a watch of an API server without a watch cache.
   */
  async compact(): Promise<void> {
    const { header } = (await this.#etcd('range', { key: 'AA==', limit: 1 })) as EtcdAnswer;
    await this.#etcd('compaction', { revision: header.revision, physical: true });
  }

  /**
   * Puts an EndpointSlice into etcd, past the API server, which refuses endpoints at loopback addresses but serves them
   * as any others.
   */
  async putSlice(slice: KubeObject): Promise<void> {
    const { namespace, name } = slice.metadata;
    const metadata = { ...slice.metadata, uid: randomUUID(), creationTimestamp: new Date().toISOString() };
    await this.#etcd('put', {
      key: base64(`/registry/endpointslices/${namespace}/${name}`),
      value: base64(JSON.stringify({ ...slice, metadata })),
    });
  }

  /** Writes a kubeconfig for someone else, or for another way to the API server, and returns its path. */
  async writeKubeconfig(access: Partial<KubeAccess>): Promise<string> {
    const file = join(this.folder, `kubeconfig-${++this.#kubeconfigs}`);
    await writeFile(file, kubeconfigText({ url: this.url, ca: this.admin.ca, ...access }));
    return file;
  }

  /** Kills everything and deletes the files. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map((component) => component.kill()));
    this.#running.clear();
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #etcdUrl(): string {
    return `http://${this.#layout.address}:${this.#layout.ports.etcd}`;
  }

  #spawn(name: ComponentName, args: readonly string[]): Component {
    if (this.#running.has(name)) throw new Error(`${name} is running`);
    const logFile = join(this.folder, `${name}.log`);
    const component = new Component({ name, program: findExecutable(name), args, logFile });
    this.#running.set(name, component);
    return component;
  }

  #take(name: ComponentName): Component {
    const component = this.#running.get(name);
    if (component === undefined) throw new Error(`${name} is not running`);
    this.#running.delete(name);
    return component;
  }

  async #answers(path: string): Promise<boolean> {
    using requester = new KubeRequester(this.admin);
    return (await requester.send({ path })).status === 200;
  }

  async #etcd(what: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.#etcdUrl}/v3/kv/${what}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`etcd answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

/** Starts a control plane with RBAC. Rejects with the end of the log of what failed; nothing is left then. */
export function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  return ControlPlane.start(options);
}

interface EtcdAnswer {
  readonly header: { readonly revision: string };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** What is made before anything is started. */
interface ControlPlaneParts {
  readonly layout: ClusterLayout;
  readonly authority: CertificateAuthority;
  readonly admin: Certificate;
  readonly adminToken: string;
}

const administrators = 'system:masters';

async function prepare(options: ControlPlaneOptions): Promise<ControlPlaneParts> {
  const folder = await createClusterFolder();
  const address = options.network?.address ?? `127.96.${randomInt(256)}.${randomInt(1, 255)}`;
  const authority = await CertificateAuthority.create(join(folder, 'pki'));
  const kubernetes = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const [serving, admin, kubeletClient, etcd, etcdPeer, apiServer, controllerManager, scheduler] =
    await Promise.all([
      authority.issue({
        commonName: 'kube-apiserver',
        addresses: [address, '127.0.0.1', kubernetesAddress(options)],
        names: ['localhost', ...kubernetes],
      }),
      authority.issue({ commonName: 'admin', organisation: administrators }),
      authority.issue({ commonName: 'kube-apiserver-kubelet-client', organisation: administrators }),
      freePort(address),
      freePort(address),
      freePort(address),
      freePort(address),
      freePort(address),
    ]);
  const adminToken = randomBytes(16).toString('hex');
  const layout: ClusterLayout = {
    folder,
    address,
    ports: { etcd, etcdPeer, apiServer, controllerManager, scheduler },
    ca: authority.certificate,
    serving,
    kubeletClient,
    tokenFile: join(folder, 'tokens.csv'),
    accountKeys: await writeAccountKeys(folder),
    kubeconfig: join(folder, 'kubeconfig'),
  };
  const tokens = [{ token: adminToken, user: 'admin', groups: [administrators] }, ...(options.tokens ?? [])];
  await writeFile(layout.tokenFile, tokens.map(tokenLine).join(''));
  return { layout, authority, admin, adminToken };
}

function tokenLine({ token, user, groups = [] }: NonNullable<ControlPlaneOptions['tokens']>[number]): string {
  return `${token},${user},${user},"${groups.join(',')}"\n`;
}

async function writeAccountKeys(folder: string): Promise<ClusterLayout['accountKeys']> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const files = { privateFile: join(folder, 'accounts.key'), publicFile: join(folder, 'accounts.pub') };
  await Promise.all([writeFile(files.privateFile, privateKey), writeFile(files.publicFile, publicKey)]);
  return files;
}
