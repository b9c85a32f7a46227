// What the user of a kubeconfig shows to the server: a certificate, a token, a password, or what a plugin gives.

import { AccessError } from './access-error.ts';
import type { HeaderValues, TlsIdentity } from './credentials.ts';
import { ExecPlugin } from './exec-plugin.ts';
import type { FreshFiles } from './fresh-files.ts';
import type { From } from './kubeconfig.ts';
import type { KubeconfigCluster, KubeconfigUser } from './kubeconfig-format.ts';
import { readPem, readToken } from './kubeconfig-files.ts';

/** A user, and the cluster that it is for. */
export interface UserContext {
  readonly user: From<KubeconfigUser>;
  readonly cluster: From<KubeconfigCluster>;
  readonly server: URL;
  /** TLS as far as the cluster says. */
  readonly tls: TlsIdentity;
}

/** What goes into requests and connections. */
export interface Shown {
  readonly tls: TlsIdentity;
  readonly headers: HeaderValues;
}

/** Finds what users show; keeps what the last credential plugin gave. */
export class UserCredentials {
  readonly #files: FreshFiles;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #plugin: { readonly id: string; readonly plugin: ExecPlugin } | undefined;

  constructor(options: {
    readonly files: FreshFiles;
    /** Environment of credential plugins. */
    readonly env: Readonly<Record<string, string | undefined>>;
  }) {
    this.#files = options.files;
    this.#env = options.env;
  }

  /**
   * What a user shows. Of several tokens and the like the first counts: file, token, password, plugin.
   *
   * @throws {@link AccessError} where that can't be had now.
   */
  async shown(context: UserContext): Promise<Shown> {
    const { user } = context;
    const cert = await readPem(user, 'client-certificate', this.#files);
    const key = await readPem(user, 'client-key', this.#files);
    const { tls, headers } = await this.#secret(context);
    return {
      tls: { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }), ...tls },
      headers: { ...headers, ...impersonation(user.value) },
    };
  }

  /** Forgets what the plugin gave. */
  forget(): void {
    this.#plugin?.plugin.forget();
  }

  async #secret(context: UserContext): Promise<Shown> {
    const { value, file } = context.user;
    if (value.tokenFile) return bearer(await readToken(context.user, this.#files));
    if (value.token) return bearer(value.token);
    if (value.username) return basic(value.username, value.password ?? '');
    if (value.exec) return await this.#fromPlugin(context);
    if (value['auth-provider']) return bearer(idToken(file, value['auth-provider']));
    return { tls: {}, headers: {} };
  }

  async #fromPlugin(context: UserContext): Promise<Shown> {
    const { token, cert, key } = await this.#pluginFor(context).credential();
    return {
      tls: cert === undefined || key === undefined ? {} : { cert, key },
      headers: token === undefined ? {} : bearer(token).headers,
    };
  }

  #pluginFor(context: UserContext): ExecPlugin {
    const { value, file } = context.user;
    const exec = value.exec ?? { command: '' };
    const cluster = clusterInfo(context);
    const id = JSON.stringify([file, exec, cluster]);
    if (this.#plugin?.id !== id) {
      this.#plugin = { id, plugin: new ExecPlugin({ exec, file, cluster, env: this.#env }) };
    }
    return this.#plugin.plugin;
  }
}

/** What a plugin may be told of the cluster, in the names of client.authentication.k8s.io/v1. */
function clusterInfo({ cluster, server, tls }: UserContext): Readonly<Record<string, unknown>> {
  const { 'proxy-url': proxy, extensions } = cluster.value;
  const own = extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec');
  return {
    server: server.href.replace(/\/$/, ''),
    ...(tls.servername !== undefined && { 'tls-server-name': tls.servername }),
    ...(tls.rejectUnauthorized === false && { 'insecure-skip-tls-verify': true }),
    ...(tls.ca !== undefined && { 'certificate-authority-data': Buffer.from(tls.ca).toString('base64') }),
    ...(proxy && { 'proxy-url': proxy }),
    ...(own !== undefined && { config: own.extension }),
  };
}

function bearer(token: string): Shown {
  return { tls: {}, headers: { authorization: `Bearer ${token}` } };
}

function basic(username: string, password: string): Shown {
  const both = Buffer.from(`${username}:${password}`).toString('base64');
  return { tls: {}, headers: { authorization: `Basic ${both}` } };
}

/**
 * The token that kubectl keeps in the file for OpenID Connect. It is used as it is and never renewed: a renewal may
 * make the refresh token in the file worthless, and with it the login of the user that it was borrowed from.
 */
function idToken(file: string, { name, config }: NonNullable<KubeconfigUser['auth-provider']>): string {
  const token = name === 'oidc' ? config?.['id-token'] : undefined;
  if (token) return token;
  throw new AccessError(
    `Kubeconfig ${file} has an auth-provider ${name} that gives Maesh no token. ` +
      'Let its user have a credential plugin (exec) instead, kubelogin for OpenID Connect',
  );
}

function impersonation(user: KubeconfigUser): HeaderValues {
  if (!user.as) return {};
  return {
    'impersonate-user': user.as,
    ...(user['as-uid'] && { 'impersonate-uid': user['as-uid'] }),
    ...(user['as-groups'] && { 'impersonate-group': user['as-groups'] }),
  };
}
