// The way to the cluster that is looked at.

import { resolveAccess, type AccessOptions } from '../kube/access.ts';
import { KubeClient } from '../kube/client.ts';
import { stayAlive } from '../runtime/stay-alive.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';

/** How the cluster is reached, and which mesh in it is meant. */
export type ConnectOptions = AccessOptions & Pick<ClusterOptions, 'namespace' | 'version' | 'patienceMs'>;

/** A way to a cluster. The process stays alive while it is there: an API server may say that it is to be asked again later. */
export interface Connection extends Disposable {
  /** The cluster as it is from now on: what is asked is asked anew. */
  readonly look: () => Cluster;
}

/** Finds the way. @throws AccessError where nothing says how, or what says it can't be used. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const access = await resolveAccess(options);
  const { server } = await access.credentials();
  const client = new KubeClient({ access });
  const alive = stayAlive();
  return {
    look: () => new Cluster({ ...options, client, server: `${server.origin}, by ${access.source}` }),
    [Symbol.dispose]() {
      client.close();
      alive[Symbol.dispose]();
    },
  };
}
