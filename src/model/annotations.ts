// The annotations of a Service. Each is looked up under `mesh.traefik.io/` first, then under `maesh.containo.us/`, key
// by key, as the original does; the name of a port behind the key (`scheme.web`, `scheme.8080`) makes it say so of that
// port alone.

import { annotationTable, type AnnotationName, type AnnotationTypes } from './annotation-table.ts';
import type { KubeService, KubeServicePort } from './objects.ts';

/** The newer one first, which counts where both speak. */
const prefixes = ['mesh.traefik.io/', 'maesh.containo.us/'] as const;

/** Whether an annotation is one of the mesh's, known to it or not. */
export function isMeshAnnotation(name: string): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix));
}

/** What annotations say, by their names without prefix; absent where they say nothing. */
export type AnnotationValues = Partial<AnnotationTypes>;

/** Of every port, where something is said of no port in particular. */
const everyPort = '*';

/** What a Service says of its ports: by name or number, and under `*` of all of them. */
export type Annotations = ReadonlyMap<string, AnnotationValues>;

/** What a Service without annotations says. */
export const noAnnotations: Annotations = new Map();

/** An annotation that means nothing. */
export interface AnnotationMistake {
  /** Full name, such as `mesh.traefik.io/scheme`. */
  readonly annotation: string;
  /** What is wrong with it, to be read after its name. */
  readonly what: string;
}

/**
 * Reads the annotations of a Service. One whose value means nothing is a mistake, and says what it said the last time;
 * nothing where it said nothing.
 */
export function readAnnotations(
  service: Pick<KubeService, 'annotations' | 'ports'>,
  last: Annotations = noAnnotations,
): { readonly values: Annotations; readonly mistakes: readonly AnnotationMistake[] } {
  const values = new Map<string, Record<string, unknown>>();
  const mistakes: AnnotationMistake[] = [];
  for (const [key, { annotation, text }] of givenUnderEitherPrefix(service.annotations)) {
    const { name, port } = partsOf(key);
    if (!isKnown(name)) {
      mistakes.push({ annotation, what: 'is none that the mesh knows' });
      continue;
    }
    if (port !== everyPort && !service.ports.some((candidate) => isCalled(candidate, port))) {
      mistakes.push({ annotation, what: `names port "${port}", which the service doesn't have` });
      continue;
    }
    const read = annotationTable[name](text);
    if (!('value' in read)) mistakes.push({ annotation, what: whatIsWrong(text, read) });
    const value = 'value' in read ? read.value : (last.get(port)?.[name] ?? read.instead);
    if (value !== undefined) values.set(port, { ...values.get(port), [name]: value });
  }
  return { values, mistakes };
}

/** What annotations say of one port. Its own word counts more than the service's, and its name more than its number. */
export function annotationsOf(
  annotations: Annotations,
  port: Pick<KubeServicePort, 'name' | 'port'>,
): AnnotationValues {
  return {
    ...annotations.get(everyPort),
    ...annotations.get(String(port.port)),
    ...(port.name !== '' && annotations.get(port.name)),
  };
}

interface Given {
  readonly annotation: string;
  readonly text: string;
}

/** The mesh's annotations by their keys without prefix. */
function givenUnderEitherPrefix(annotations: Readonly<Record<string, string>>): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  for (const prefix of prefixes) {
    for (const [annotation, text] of Object.entries(annotations)) {
      const key = annotation.slice(prefix.length);
      if (annotation.startsWith(prefix) && !given.has(key)) given.set(key, { annotation, text });
    }
  }
  return given;
}

function partsOf(key: string): { readonly name: string; readonly port: string } {
  const dot = key.indexOf('.');
  return dot < 0 ? { name: key, port: everyPort } : { name: key.slice(0, dot), port: key.slice(dot + 1) };
}

function isKnown(name: string): name is AnnotationName {
  return Object.hasOwn(annotationTable, name);
}

function isCalled(port: KubeServicePort, name: string): boolean {
  return String(port.port) === name || (port.name !== '' && port.name === name);
}

/** Longer values are cut where they are shown. */
const maxShown = 200;

function whatIsWrong(
  text: string,
  { allowed, because }: { readonly allowed: string; readonly because?: string },
): string {
  const shown = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
  return `is ${JSON.stringify(shown)}, but must be ${allowed}${because === undefined ? '' : `: ${because}`}`;
}
