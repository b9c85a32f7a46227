// What a request to an API server needs besides its path: where to, over which TLS, and as whom; and what gives it.

import { inspect } from 'node:util';

/** TLS of a connection, in Node's own words. Certificates and keys are PEM. */
export interface TlsIdentity {
  /** What the server's certificate must be signed by; the system's authorities where absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have, in place of the address. */
  readonly servername?: string;
  readonly rejectUnauthorized?: false;
}

/** Headers; a list stands for as many lines. */
export type HeaderValues = Readonly<Record<string, string | string[]>>;

/** What credentials are made of. */
export interface CredentialParts {
  /** Address of the server, with a path in front of all paths where it has one. */
  readonly server: URL;
  readonly tls: TlsIdentity;
  /** Of an HTTP proxy to the server. */
  readonly proxyUrl?: string | undefined;
  readonly headers: HeaderValues;
}

/** Credentials as they are now. Printing them, in whatever way, shows the server and no secret. */
export class Credentials {
  readonly #parts: CredentialParts;
  readonly #connectionId: string;

  constructor(parts: CredentialParts) {
    this.#parts = parts;
    const { server, tls, proxyUrl = '' } = parts;
    this.#connectionId = JSON.stringify([server.href, proxyUrl, tls]);
  }

  /** Equal for credentials that can share connections: everything but the headers. Holds secrets. */
  get connectionId(): string {
    return this.#connectionId;
  }

  get server(): URL {
    return this.#parts.server;
  }

  get tls(): TlsIdentity {
    return this.#parts.tls;
  }

  get proxyUrl(): string | undefined {
    return this.#parts.proxyUrl;
  }

  get headers(): HeaderValues {
    return this.#parts.headers;
  }

  /** Whether the server would see no difference. */
  equals(other: Credentials): boolean {
    return (
      this.connectionId === other.connectionId &&
      JSON.stringify(this.headers) === JSON.stringify(other.headers)
    );
  }

  toJSON(): object {
    return { server: this.server.href };
  }
}

Object.defineProperty(Credentials.prototype, inspect.custom, {
  value(this: Credentials): string {
    return `Credentials { server: ${this.server.href} }`;
  },
});

/** A way to reach an API server that follows changes of tokens, certificates and kubeconfigs by itself. */
export interface Access {
  /** Where the way comes from, for logs: `the service account of this pod`, `kubeconfig /root/.kube/config`. */
  readonly source: string;
  /**
   * What the next request is sent with. Cheap: files are read again only every few seconds, and a credential plugin
   * runs only when what it gave before is about to expire.
   *
   * @throws AccessError where there are none now.
   */
  credentials(): Promise<Credentials>;
  /** Takes note that the server did not accept these: the next ones are read or asked for anew. */
  refused(credentials: Credentials): void;
}
