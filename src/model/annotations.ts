// The annotations of Maesh 1.3 and Traefik Mesh 1.4 on a Service: what they may say, and what is wrong with them.
// Each is looked up under `mesh.traefik.io/` first, then under `maesh.containo.us/`, key by key, as the original does.

import type { TrafficType } from './topology.ts';

const prefixes = ['mesh.traefik.io/', 'maesh.containo.us/'] as const;

/** Whether an annotation is one of the mesh's, known to it or not. */
export function isMeshAnnotation(name: string): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix));
}

/** What a Service says about its traffic; undefined where it says nothing. */
export interface ServiceAnnotations {
  readonly trafficType: TrafficType | undefined;
  readonly scheme: Scheme | undefined;
}

/** What the proxy speaks to the pods, as the original's annotation `scheme` names it. */
export type Scheme = 'http' | 'h2c' | 'https';

/** An annotation whose value means nothing. */
export interface AnnotationMistake {
  /** Full name, such as `mesh.traefik.io/scheme`. */
  readonly annotation: string;
  readonly value: string;
  readonly allowed: readonly string[];
}

const trafficTypes: readonly TrafficType[] = ['http', 'tcp', 'udp'];
const schemes: readonly Scheme[] = ['http', 'h2c', 'https'];

/**
 * Reads the annotations of a Service. Values are compared exactly, as in the original: `HTTP` is a mistake.
 * Annotations of the two prefixes that Maesh doesn't know are left alone.
 */
export function readAnnotations(annotations: Readonly<Record<string, string>>): {
  readonly values: ServiceAnnotations;
  readonly mistakes: readonly AnnotationMistake[];
} {
  const mistakes: AnnotationMistake[] = [];
  const oneOf = <T extends string>(name: string, allowed: readonly T[]): T | undefined => {
    const annotation = prefixes.map((prefix) => prefix + name).find((key) => Object.hasOwn(annotations, key));
    if (annotation === undefined) return undefined;
    const value = annotations[annotation] ?? '';
    const known = allowed.find((candidate) => candidate === value);
    if (known === undefined) mistakes.push({ annotation, value, allowed });
    return known;
  };
  return {
    values: { trafficType: oneOf('traffic-type', trafficTypes), scheme: oneOf('scheme', schemes) },
    mistakes,
  };
}
