// What the proxies of a replica refuse of services, as its Lease says it to the replica that leads, which alone writes Events.

import * as z from 'zod';
import { byText, type ServiceKey } from '../model/key.ts';
import { cut } from './event.ts';

/** A resource, made of one service, that some proxy refuses. */
export interface Refused {
  /** The resource's type, as proxies are told it. */
  readonly typeUrl: string;
  readonly name: string;
  readonly service: ServiceKey;
  /** What the proxy says about it. */
  readonly message: string;
}

/** Annotation of a replica's Lease with what its proxies refuse, as JSON; absent where that is nothing. */
export const refusedAnnotation = 'mesh.traefik.io/refused';

/** So many are told, those that sort first: a Lease is written every ten seconds. */
const maxTold = 20;
const maxMessageBytes = 512;

const schema = z.array(
  z.object({ typeUrl: z.string(), name: z.string(), service: z.string(), message: z.string() }),
);

/** One for each resource, however many proxies refuse it: sorted, and the same whichever they are. */
export function eachOnce(refused: Iterable<Refused>): readonly Refused[] {
  const byResource = new Map<string, Refused>();
  for (const one of refused) {
    const resource = resourceOf(one);
    const known = byResource.get(resource);
    if (known === undefined || byText(one.message, known.message) < 0) byResource.set(resource, one);
  }
  return [...byResource.values()].toSorted((a, b) => byText(resourceOf(a), resourceOf(b)));
}

function resourceOf({ typeUrl, name }: Refused): string {
  return `${typeUrl} ${name}`;
}

/** The text of the annotation; undefined where nothing is refused. */
export function refusedText(refused: Iterable<Refused>): string | undefined {
  const told = eachOnce(refused).slice(0, maxTold);
  if (told.length === 0) return undefined;
  return JSON.stringify(
    told.map(({ typeUrl, name, service, message }) => ({
      typeUrl,
      name,
      service,
      message: cut(message, maxMessageBytes),
    })),
  );
}

/** Reads the annotation: nothing where it is absent, or none of ours. */
export function readRefused(text: string | undefined): readonly Refused[] {
  if (text === undefined) return [];
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Somebody's mistake, or another version's: what it is about is in the log of that replica.
    return [];
  }
}
