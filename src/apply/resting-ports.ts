// Mesh ports that rest: freed, and given to no other service before every proxy has forgotten whose they were. They are
// on record in an annotation of the shadow Service that had them, so that they go on resting whoever leads next.

import { byText, type PortKey, type ServiceKey } from '../model/key.ts';

/** Annotation of a shadow Service with the mesh ports that rest. */
export const restingAnnotation = 'mesh.traefik.io/resting-ports';

/** A mesh port as the annotation has it: `5000` for TCP, `15000/udp` for UDP. */
export type RestingPort = string;

/** The text for a mesh port. */
export function restingPort(port: {
  readonly meshPort: number;
  readonly protocol: 'TCP' | 'UDP';
}): RestingPort {
  return port.protocol === 'UDP' ? `${port.meshPort}/udp` : String(port.meshPort);
}

/** Reads the annotation: sorted, each once, without what is no port. */
export function readRestingPorts(text: string | undefined): readonly RestingPort[] {
  const parts = (text ?? '').split(' ').filter((part) => /^\d{1,5}(\/udp)?$/.test(part));
  return [...new Set(parts)].toSorted(byText);
}

/** Writes the annotation; null, by which a merge patch removes it, where nothing rests. */
export function restingText(ports: readonly RestingPort[]): string | null {
  return ports.length === 0 ? null : ports.join(' ');
}

/** Resting ports as the record has them: taken by a port that no service can have, so that nobody gets or serves them. */
export function recordedResting(
  service: ServiceKey,
  resting: readonly RestingPort[],
): readonly (readonly [PortKey, number])[] {
  return resting.map((port) => [`${service}/resting ${port}`, Number.parseInt(port, 10)]);
}
