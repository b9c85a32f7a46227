// Makes a cluster known to the processes of test files.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ClusterRecord } from '../running-cluster.ts';
import type { TwoNodeCluster } from '../two-node-cluster.ts';
import { serveOperations } from './control.ts';

/** A cluster that can be found until this is disposed of. */
export interface PublishedCluster extends AsyncDisposable {
  /** The file that says where everything is. */
  readonly recordFile: string;
}

/** Does for others what they ask of a cluster, and writes a file by which they find it. */
export async function publishCluster(cluster: TwoNodeCluster): Promise<PublishedCluster> {
  const { folder, admin: access, kubeconfig } = cluster.plane;
  const control = join(folder, 'control');
  const server = await serveOperations(control, {
    startApiServer: () => cluster.startApiServer(),
    stopApiServer: () => cluster.stopApiServer(),
    haltKubeProxy: (node) => cluster.haltKubeProxy(node),
    continueKubeProxy: (node) => cluster.continueKubeProxy(node),
    importImages: (archive) => cluster.importImages(archive),
  });
  const recordFile = join(folder, 'cluster.json');
  const record: ClusterRecord = { access, kubeconfig, control };
  await writeFile(recordFile, JSON.stringify(record));
  return { ...server, recordFile };
}
