// Access as a kubeconfig says: the current context's cluster and user, followed as the files change.

import { AccessError, fileReason } from './access-error.ts';
import { Credentials, type Access, type TlsIdentity } from './credentials.ts';
import type { FreshFiles } from './fresh-files.ts';
import { currentContext, type From, type KubeconfigContext, type KubeconfigText } from './kubeconfig.ts';
import type { KubeconfigCluster } from './kubeconfig-format.ts';
import { readPem } from './kubeconfig-files.ts';
import { UserCredentials } from './kubeconfig-user.ts';
import { serverUrl } from './server-url.ts';

/** Which files count, and what stands in for parts of them. */
export interface KubeconfigAccessOptions {
  /** Of several, those that are not there are left out, as kubectl does. */
  readonly paths: readonly string[];
  /** Address in place of the one in the files; empty for none. */
  readonly masterURL: string;
  readonly files: FreshFiles;
  /** Environment of credential plugins. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Access by the current context of kubeconfig files. */
export function kubeconfigAccess(options: KubeconfigAccessOptions): Access {
  return new KubeconfigAccess(options);
}

class KubeconfigAccess implements Access {
  readonly source: string;
  readonly #options: KubeconfigAccessOptions;
  readonly #user: UserCredentials;
  #known: { readonly texts: readonly KubeconfigText[]; readonly context: KubeconfigContext } | undefined;

  constructor(options: KubeconfigAccessOptions) {
    this.#options = options;
    this.#user = new UserCredentials(options);
    this.source = `kubeconfig ${options.paths.join(':')}`;
  }

  async credentials(): Promise<Credentials> {
    const { name, cluster, user } = await this.#context();
    const server = this.#server(name, cluster);
    const tls = await this.#clusterTls(cluster);
    const shown = await this.#user.shown({ cluster, user, server, tls });
    return new Credentials({
      server,
      proxyUrl: proxyOf(cluster),
      tls: { ...tls, ...shown.tls },
      headers: shown.headers,
    });
  }

  refused(): void {
    this.#options.files.expire();
    this.#user.forget();
  }

  /** The context that counts now. Files that can't be understood for now leave the one before in place. */
  async #context(): Promise<KubeconfigContext> {
    const known = this.#known;
    try {
      const texts = await this.#texts();
      if (known !== undefined && isSame(known.texts, texts)) return known.context;
      this.#known = { texts, context: await currentContext(texts) };
      return this.#known.context;
    } catch (error) {
      if (known === undefined) throw error;
      return known.context;
    }
  }

  async #texts(): Promise<readonly KubeconfigText[]> {
    const { paths, files } = this.#options;
    const texts: KubeconfigText[] = [];
    for (const file of paths) {
      try {
        texts.push({ file, text: await files.read(file) });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(file, error);
      }
    }
    if (texts.length === 0)
      throw unreadable(paths.join(', '), new Error('ENOENT: no such file or directory'));
    return texts;
  }

  #server(context: string, { value, file }: From<KubeconfigCluster>): URL {
    const address = this.#options.masterURL || value.server || '';
    if (address === '') {
      throw new AccessError(
        `The cluster of context ${context} in kubeconfig ${file} has no server. Add its address, or give --masterURL`,
      );
    }
    const hasTls =
      value['certificate-authority'] ||
      value['certificate-authority-data'] ||
      value['insecure-skip-tls-verify'];
    return serverUrl(address, hasTls ? 'https:' : 'http:');
  }

  async #clusterTls(cluster: From<KubeconfigCluster>): Promise<TlsIdentity> {
    const { 'tls-server-name': servername, 'insecure-skip-tls-verify': isInsecure } = cluster.value;
    const ca = await readPem(cluster, 'certificate-authority', this.#options.files);
    return {
      ...(ca !== undefined && { ca }),
      ...(servername && { servername }),
      ...(isInsecure === true && { rejectUnauthorized: false }),
    };
  }
}

function unreadable(paths: string, error: unknown): AccessError {
  return new AccessError(
    `Cannot read kubeconfig ${paths}: ${fileReason(error)}. Name one that is there by --kubeConfig or KUBECONFIG`,
    { cause: error },
  );
}

function proxyOf({ value, file }: From<KubeconfigCluster>): string | undefined {
  const proxy = value['proxy-url'];
  if (!proxy) return undefined;
  if (/^https?:\/\//.test(proxy)) return proxy;
  throw new AccessError(
    `Kubeconfig ${file} has a proxy-url that is neither http:// nor https://, which Maesh can't use`,
  );
}

function isSame(a: readonly KubeconfigText[], b: readonly KubeconfigText[]): boolean {
  return a.length === b.length && a.every(({ text }, index) => text === b[index]?.text);
}
