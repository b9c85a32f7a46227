// What the original (Traefik Mesh 1.4) read of a Service's annotations. One value that it could not read took the whole
// Service out of the mesh.

import type { KubeService } from '../../../src/model/objects.ts';
import type { Middleware } from './dynamic.ts';

/** What a Service asked for. */
export interface OriginalAnnotations {
  readonly traffic: 'http' | 'tcp' | 'udp';
  readonly scheme: string;
  /** By the last part of their names. Traefik itself looks at what is in them. */
  readonly middlewares: ReadonlyMap<string, Middleware>;
}

/** A Service that the original left unconfigured, with a line in its log. */
export class Unconfigured extends Error {
  override name = 'Unconfigured';
}

/**
 * Reads a Service whose default traffic type is `http`.
 *
 * @throws Unconfigured where a value is none.
 */
export function readAnnotations(service: KubeService): OriginalAnnotations {
  const traffic = readTraffic(service);
  const scheme = oneOf(service, 'scheme', ['http', 'h2c', 'https'] as const);
  const middlewares = traffic === 'http' ? new Map(readMiddlewares(service)) : new Map<string, Middleware>();
  return { traffic, scheme, middlewares };
}

/**
 * Reads what decides about the ports of a Service alone.
 *
 * @throws Unconfigured where the value is none.
 */
export function readTraffic(service: KubeService): OriginalAnnotations['traffic'] {
  return oneOf(service, 'traffic-type', ['http', 'tcp', 'udp'] as const);
}

function* readMiddlewares(service: KubeService): Generator<[string, Middleware]> {
  const attempts = whole(service, 'retry-attempts');
  if (attempts !== undefined) yield ['retry', { retry: { attempts } }];
  const average = positive(service, 'ratelimit-average');
  const burst = positive(service, 'ratelimit-burst');
  if (average !== undefined && burst !== undefined) yield ['rate-limit', { rateLimit: { average, burst } }];
  const expression = annotation(service, 'circuit-breaker-expression');
  if (expression !== undefined) yield ['circuit-breaker', { circuitBreaker: { expression } }];
}

function annotation({ annotations }: KubeService, name: string): string | undefined {
  return annotations[`mesh.traefik.io/${name}`] ?? annotations[`maesh.containo.us/${name}`];
}

/** One of some texts; the first where nothing is said. */
function oneOf<T extends string>(service: KubeService, name: string, texts: readonly [T, ...T[]]): T {
  const value = annotation(service, name) ?? texts[0];
  const found = texts.find((text) => text === value);
  if (found === undefined) throw new Unconfigured(`${name} is ${value}`);
  return found;
}

/** As Go's `strconv.Atoi`. */
function whole(service: KubeService, name: string): number | undefined {
  const value = annotation(service, name);
  if (value === undefined) return undefined;
  if (!/^[+-]?\d+$/.test(value)) throw new Unconfigured(`${name} is ${value}`);
  return Number(value);
}

function positive(service: KubeService, name: string): number | undefined {
  const value = whole(service, name);
  if (value !== undefined && value <= 0) throw new Unconfigured(`${name} is ${value}`);
  return value;
}
