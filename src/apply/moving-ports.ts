// Service ports that move from a mesh port that they share, as what the original left does, to one of their own: on record
// in an annotation of the shadow Service, so that every replica's proxies serve both, whoever leads.

import { portKey, type PortKey, type ServiceKey } from '../model/key.ts';
import type { PortMove } from '../model/recorded.ts';
import type { ShadowPort } from './shadow.ts';

/** Annotation of a shadow Service with its ports that are moving: `80=5000>5021 81=5001>5022`. */
export const movingAnnotation = 'mesh.traefik.io/moving-ports';

/** Reads the annotation: moves of TCP ports by their number, without what is no move. */
export function readMoves(text: string | undefined): ReadonlyMap<number, PortMove> {
  const moves = new Map<number, PortMove>();
  for (const [, port, from, to] of (text ?? '').matchAll(/(?:^| )(\d{1,5})=(\d{1,5})>(\d{1,5})(?= |$)/g)) {
    moves.set(Number(port), { from: Number(from), to: Number(to) });
  }
  return moves;
}

/** The text of the annotation; undefined where no port is moving. */
export function movesText(ports: readonly ShadowPort[]): string | undefined {
  const moves = ports.flatMap(({ port, move }) =>
    move === undefined ? [] : [`${port}=${move.from}>${move.to}`],
  );
  return moves.length === 0 ? undefined : moves.join(' ');
}

/** The moves that a shadow Service has on record, by service port. */
export function recordedMoves(
  service: ServiceKey,
  ports: readonly ShadowPort[],
): readonly (readonly [PortKey, PortMove])[] {
  return ports.flatMap(({ port, protocol, move }) =>
    move === undefined ? [] : [[portKey(service, port, protocol), move] as const],
  );
}
