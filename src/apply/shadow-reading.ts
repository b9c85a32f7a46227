// Shadow Services as the API server has them: read, and compared with what they should be.

import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { ApiObject } from '../kube/api-object.ts';
import type { ServiceKey } from '../model/key.ts';
import { readRestingPorts, restingAnnotation, restRecordName, type RestingPort } from './resting-ports.ts';
import { movingAnnotation, readMoves } from './moving-ports.ts';
import { serviceOfShadow } from './shadow-name.ts';
import { shadowManifest, type Shadow, type ShadowPort } from './shadow.ts';

/** A shadow Service that is there. */
export interface FoundShadow {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Undefined where nothing says which service it stands for. */
  readonly service: ServiceKey | undefined;
  /** Those whose targetPort is a number, which all of the mesh's are. */
  readonly ports: readonly ShadowPort[];
  /** Mesh ports that rest, sorted; only of the one Service that has them on record. */
  readonly resting: readonly RestingPort[];
  /** The parts of it that are the mesh's to say. */
  readonly said: Said;
}

interface Said {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

const texts = z.record(z.string(), z.string()).nullish();

const schema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    labels: texts,
    annotations: texts,
  }),
  spec: z.looseObject({
    ports: z
      .array(
        z.object({
          name: z.string().default(''),
          port: z.int(),
          protocol: z.string().default('TCP'),
          targetPort: z.union([z.int(), z.string()]).optional(),
        }),
      )
      .nullish(),
  }),
});

/** Reads a Service that is labelled as a shadow Service. Undefined for what is none that an API server would send. */
export function readShadow(meshNamespace: string, object: ApiObject): FoundShadow | undefined {
  const { success, data } = schema.safeParse(object);
  if (!success) return undefined;
  const { name, uid, resourceVersion } = data.metadata;
  const labels = data.metadata.labels ?? {};
  const annotations = data.metadata.annotations ?? {};
  const moves = readMoves(annotations[movingAnnotation]);
  const ports = (data.spec.ports ?? []).flatMap(({ targetPort, protocol, ...port }): ShadowPort[] => {
    const isOurs = protocol === 'TCP' || protocol === 'UDP';
    if (!isOurs || typeof targetPort !== 'number') return [];
    const move = protocol === 'TCP' ? moves.get(port.port) : undefined;
    const isMoving = move !== undefined && (targetPort === move.from || targetPort === move.to);
    return [{ ...port, protocol, meshPort: targetPort, ...(isMoving && { move }) }];
  });
  return {
    name,
    uid,
    resourceVersion,
    service: serviceOfShadow(meshNamespace, { name, annotations }),
    ports,
    resting: name === restRecordName ? readRestingPorts(annotations[restingAnnotation]) : [],
    said: { labels, annotations, spec: data.spec },
  };
}

/** Whether it is of an IP family that it should not be of. The first one of a Service can't be changed: it has to be made anew. */
export function isOfOtherFamily({ said }: FoundShadow, { ipFamilies }: Shadow): boolean {
  if (ipFamilies.length !== 1) return false;
  const families = said.spec['ipFamilies'];
  return !Array.isArray(families) || families[0] !== ipFamilies[0];
}

/** What keeps a shadow Service from being as it should. */
export type Difference =
  /** A field lacks or is another. */
  | 'fields'
  /** It has a port that it should not have, which applying it does not take away if somebody else gave it. */
  | 'ports';

/** Finds what is wrong with a shadow Service of the right family; undefined where nothing is. */
export function differenceOf(
  found: FoundShadow,
  shadow: Shadow,
  meshNamespace: string,
): Difference | undefined {
  const { metadata, spec } = shadowManifest(shadow, meshNamespace);
  const isLabelled = includes(found.said.labels, metadata.labels);
  const isAnnotated = includes(found.said.annotations, metadata.annotations);
  const { ports: _, selector, ...fields } = spec;
  const hasFields =
    includes(found.said.spec, fields) && isDeepStrictEqual(found.said.spec['selector'], selector);
  const hasPorts = shadow.ports.every((port) => found.ports.some((each) => isDeepStrictEqual(each, port)));
  if (!isLabelled || !isAnnotated || !hasFields || !hasPorts) return 'fields';
  const all = found.said.spec['ports'];
  return Array.isArray(all) && all.length > shadow.ports.length ? 'ports' : undefined;
}

function includes(all: Readonly<Record<string, unknown>>, some: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(some).every(([name, value]) => isDeepStrictEqual(all[name], value));
}
