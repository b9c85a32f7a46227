// The format of kubeconfig files, as far as Maesh reads it.
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/

import { z } from 'zod';

type Optional<T> = T | null | undefined;

/** A cluster. */
export interface KubeconfigCluster {
  readonly server?: Optional<string>;
  readonly 'certificate-authority'?: Optional<string>;
  readonly 'certificate-authority-data'?: Optional<string>;
  readonly 'insecure-skip-tls-verify'?: Optional<boolean>;
  readonly 'tls-server-name'?: Optional<string>;
  readonly 'proxy-url'?: Optional<string>;
  readonly extensions?: Optional<readonly { readonly name: string; readonly extension?: unknown }[]>;
}

/** A credential plugin. */
export interface KubeconfigExec {
  readonly apiVersion?: Optional<string>;
  readonly command: string;
  readonly args?: Optional<readonly string[]>;
  readonly env?: Optional<readonly { readonly name: string; readonly value: string }[]>;
  readonly interactiveMode?: Optional<string>;
  readonly provideClusterInfo?: Optional<boolean>;
  readonly installHint?: Optional<string>;
}

/** A way of authentication that is built into clients. */
export interface KubeconfigAuthProvider {
  readonly name: string;
  readonly config?: Optional<Readonly<Record<string, string>>>;
}

/** A user. */
export interface KubeconfigUser {
  readonly 'client-certificate'?: Optional<string>;
  readonly 'client-certificate-data'?: Optional<string>;
  readonly 'client-key'?: Optional<string>;
  readonly 'client-key-data'?: Optional<string>;
  readonly token?: Optional<string>;
  readonly tokenFile?: Optional<string>;
  readonly username?: Optional<string>;
  readonly password?: Optional<string>;
  readonly as?: Optional<string>;
  readonly 'as-uid'?: Optional<string>;
  readonly 'as-groups'?: Optional<string[]>;
  readonly exec?: Optional<KubeconfigExec>;
  readonly 'auth-provider'?: Optional<KubeconfigAuthProvider>;
}

/** A context: which user at which cluster. */
export interface KubeconfigContextEntry {
  readonly cluster?: Optional<string>;
  readonly user?: Optional<string>;
}

/** What a file holds. */
export interface KubeconfigFile {
  readonly 'current-context'?: Optional<string>;
  readonly clusters?: Optional<
    readonly { readonly name: string; readonly cluster?: Optional<KubeconfigCluster> }[]
  >;
  readonly users?: Optional<readonly { readonly name: string; readonly user?: Optional<KubeconfigUser> }[]>;
  readonly contexts?: Optional<
    readonly { readonly name: string; readonly context?: Optional<KubeconfigContextEntry> }[]
  >;
}

const text = z.string().nullish();

const cluster: z.ZodType<KubeconfigCluster> = z.object({
  server: text,
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'tls-server-name': text,
  'proxy-url': text,
  extensions: z.array(z.object({ name: z.string(), extension: z.unknown() })).nullish(),
});

const exec: z.ZodType<KubeconfigExec> = z.object({
  apiVersion: text,
  command: z.string().min(1, 'must name a program'),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  interactiveMode: text,
  provideClusterInfo: z.boolean().nullish(),
  installHint: text,
});

const user: z.ZodType<KubeconfigUser> = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  'as-uid': text,
  'as-groups': z.array(z.string()).nullish(),
  exec: exec.nullish(),
  'auth-provider': z
    .object({ name: z.string(), config: z.record(z.string(), z.string()).nullish() })
    .nullish(),
});

/** Reads what a file holds; what Maesh does not use may be anything. */
export const kubeconfigFile: z.ZodType<KubeconfigFile> = z.object({
  'current-context': text,
  clusters: z.array(z.object({ name: z.string(), cluster: cluster.nullish() })).nullish(),
  users: z.array(z.object({ name: z.string(), user: user.nullish() })).nullish(),
  contexts: z
    .array(z.object({ name: z.string(), context: z.object({ cluster: text, user: text }).nullish() }))
    .nullish(),
});
