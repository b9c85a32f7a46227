// Names of shadow Services: which service one stands for, and back.

import { createHash } from 'node:crypto';
import { objectKey, type ServiceKey } from '../model/key.ts';

/** Stands between service and namespace: `maesh` in hexadecimal, as in the original. */
const separator = '-6d61657368-';

/** A name of a Service is a DNS label. */
const maxLength = 63;
const hashLength = 10;

/**
 * Annotation in which a shadow Service says which service it stands for, `namespace/name`: a name that was shortened
 * doesn't.
 */
export const shadowOfAnnotation = 'mesh.traefik.io/shadow-of';

/**
 * `<mesh namespace>-<service>-6d61657368-<namespace>`, as in the original. A name of more than 63 characters, of which no
 * Service may have one, is cut to 52 and gets a hash of the whole behind it: the same in every replica and release.
 */
export function shadowName(meshNamespace: string, service: ServiceKey): string {
  const [namespace = '', name = ''] = service.split('/');
  const whole = `${meshNamespace}-${name}${separator}${namespace}`;
  if (whole.length <= maxLength) return whole;
  return `${whole.slice(0, maxLength - hashLength - 1).replace(/-+$/, '')}-${hashOf(whole)}`;
}

/** The name of what has a shadow Service's mesh ports on record while that is made anew: none that a shadow Service may have. */
export function standInName(service: ServiceKey): string {
  return `maesh-kept-ports-${hashOf(service)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hashLength);
}

/**
 * The service that a shadow Service, or its stand-in, is for: what its annotation says, where its name fits to that; else what
 * its name says, for those that the original has left. Undefined where neither says anything.
 */
export function serviceOfShadow(
  meshNamespace: string,
  shadow: { readonly name: string; readonly annotations: Readonly<Record<string, string>> },
): ServiceKey | undefined {
  const said = shadow.annotations[shadowOfAnnotation];
  const isKey = said !== undefined && /^[^/]+\/[^/]+$/.test(said);
  if (isKey && [shadowName(meshNamespace, said), standInName(said)].includes(shadow.name)) return said;
  const prefix = `${meshNamespace}-`;
  if (!shadow.name.startsWith(prefix)) return undefined;
  // The last one counts: a namespace that holds the separator is as good as impossible, a service's name may come from
  // a shadow Service of another mesh.
  const at = shadow.name.lastIndexOf(separator);
  const name = shadow.name.slice(prefix.length, at);
  const namespace = shadow.name.slice(at + separator.length);
  return at < prefix.length || name === '' || namespace === '' ? undefined : objectKey(namespace, name);
}
