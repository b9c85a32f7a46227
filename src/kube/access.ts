// How to reach the API server: from within its cluster, or by a kubeconfig or an address that the user names.

import { systemClock, type Clock } from '../runtime/clock.ts';
import { AccessError } from './access-error.ts';
import { Credentials, type Access } from './credentials.ts';
import { FreshFiles } from './fresh-files.ts';
import { inClusterAccess } from './in-cluster.ts';
import { kubeconfigAccess } from './kubeconfig-access.ts';
import { serverUrl } from './server-url.ts';

/** What says how the server is reached. */
export interface AccessOptions {
  /** Path of a kubeconfig, or several separated by colons; `KUBECONFIG` where empty or absent. */
  readonly kubeConfig?: string | undefined;
  /** Address of the API server, in place of the kubeconfig's. */
  readonly masterURL?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether in a pod the pod's service account counts, whatever else is given; it does by default. */
  readonly isPodFirst?: boolean;
  readonly clock?: Clock;
  /** Folder of the pod's token and certificate authority, other than where Kubernetes puts them. */
  readonly serviceAccountFolder?: string;
  /** How long what was read from a file is good, in milliseconds. */
  readonly freshMs?: number;
}

/**
 * Finds out how the API server is reached. Within a cluster (`KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`
 * are set) the pod's service account counts, whatever else is given (as in the original), or where nothing else is. Else the
 * kubeconfig, with `masterURL` in place of its server's address; or `masterURL` alone, without credentials.
 *
 * @throws {@link AccessError} where nothing says how, or what says it can't be used. Whether the server is there is
 * not looked at.
 */
export async function resolveAccess(options: AccessOptions): Promise<Access> {
  const access = chooseAccess(options);
  await access.credentials();
  return access;
}

function chooseAccess(options: AccessOptions): Access {
  const { env, isPodFirst = true, clock = systemClock, freshMs } = options;
  const files = new FreshFiles({ clock, ...(freshMs !== undefined && { freshMs }) });
  const paths = kubeconfigPaths(options);
  const masterURL = options.masterURL ?? '';
  const own = podsServer(env);
  const inPod = own && { ...own, files, folder: options.serviceAccountFolder };
  if (inPod !== undefined && isPodFirst) return inClusterAccess(inPod);
  if (paths.length > 0) return kubeconfigAccess({ paths, masterURL, files, env });
  if (masterURL !== '') return bareAccess(masterURL);
  if (inPod !== undefined) return inClusterAccess(inPod);
  throw new AccessError(
    'Nothing says how the Kubernetes API server is reached. Run Maesh in a cluster, or name a kubeconfig by ' +
      '--kubeConfig or KUBECONFIG, or an address by --masterURL',
  );
}

function kubeconfigPaths({ kubeConfig, env }: AccessOptions): readonly string[] {
  return (kubeConfig || env['KUBECONFIG'] || '').split(':').filter((path) => path !== '');
}

/** Where Kubernetes says, in a pod, that its API server is. */
function podsServer({
  KUBERNETES_SERVICE_HOST: host,
  KUBERNETES_SERVICE_PORT: port,
}: AccessOptions['env']): { readonly host: string; readonly port: string } | undefined {
  return host && port ? { host, port } : undefined;
}

/** An address and nothing else. */
function bareAccess(masterURL: string): Access {
  const credentials = new Credentials({ server: serverUrl(masterURL, 'http:'), tls: {}, headers: {} });
  return {
    source: `the address ${credentials.server.host}`,
    credentials: () => Promise.resolve(credentials),
    refused() {},
  };
}
