// Which objects are never part of the mesh: those of the cluster itself and the mesh's own.

import { objectKey } from './key.ts';
import type { KubeService } from './objects.ts';

/**
 * Whether a Service is left out of the mesh without a word: everything in `kube-system`, the API server's own
 * `default/kubernetes`, and what belongs to the mesh (label `app=maesh`, which its shadow Services carry too);
 * ExternalName has no endpoints to send to. As the original does, save that an object of the user's with the label
 * `app=jaeger` is as good as any other.
 */
export function isIgnored(service: KubeService): boolean {
  return (
    service.namespace === 'kube-system' ||
    objectKey(service.namespace, service.name) === 'default/kubernetes' ||
    service.labels['app'] === 'maesh' ||
    service.type === 'ExternalName'
  );
}
