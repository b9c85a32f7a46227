// Access from within the cluster: the service account that Kubernetes gives a pod.

import { isIPv6 } from 'node:net';
import { join } from 'node:path';

import { AccessError, fileReason } from './access-error.ts';
import { Credentials, type Access } from './credentials.ts';
import type { FreshFiles } from './fresh-files.ts';

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Access as the pod's service account. Its token and the authority's certificate are read again as they are rotated. */
export function inClusterAccess(options: {
  readonly host: string;
  readonly port: string;
  readonly files: FreshFiles;
  readonly folder?: string | undefined;
}): Access {
  const { host, port, files, folder = serviceAccountFolder } = options;
  const server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`);
  const read = async (name: string): Promise<string> => {
    const path = join(folder, name);
    try {
      return await files.read(path);
    } catch (error) {
      throw new AccessError(
        `Cannot read ${path}: ${fileReason(error)}. KUBERNETES_SERVICE_HOST says that Maesh runs in a pod, and a pod ` +
          'finds the API server by its service account: let automountServiceAccountToken be true, or unset the variable',
        { cause: error },
      );
    }
  };
  return {
    source: 'the service account of this pod',
    async credentials() {
      const [token, ca] = await Promise.all([read('token'), read('ca.crt')]);
      return new Credentials({ server, tls: { ca }, headers: { authorization: `Bearer ${token.trim()}` } });
    },
    refused: () => files.expire(),
  };
}
