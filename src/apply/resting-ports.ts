// Mesh ports that rest: freed, and given to no other service before every proxy has forgotten whose they were. They are
// on record in one Service of the mesh's namespace, so that they go on resting whoever leads next, while the shadow
// Services that had them are gone at once. A Service, because every replica follows the shadow Services already, and
// one order of versions is then on everything that says who has a mesh port.

import type { ObjectToWrite } from '../kube/api-object.ts';
import { byText, objectKey, type PortKey, type ServiceKey } from '../model/key.ts';
import { restingKey } from '../model/recorded.ts';

/** Name of that Service. It has no ports and no address, and is there only while something rests. */
export const restRecordName = 'maesh-resting-ports';

/** Its label `type`; that of shadow Services is `shadow`. */
export const restRecordType = 'resting-ports';

/** The key that it has among shadow Services. */
export const restRecordKey: ServiceKey = objectKey('', restRecordName);

/** Its annotation with the mesh ports that rest: `5000 5002-5009 15000/udp`. */
export const restingAnnotation = 'mesh.traefik.io/resting-ports';

/** A mesh port that rests: `5000` for TCP, `15000/udp` for UDP. */
export type RestingPort = string;

/** The text for a mesh port. */
export function restingPort(port: {
  readonly meshPort: number;
  readonly protocol: 'TCP' | 'UDP';
}): RestingPort {
  return port.protocol === 'UDP' ? `${port.meshPort}/udp` : String(port.meshPort);
}

/** The mesh ports of a record as it is written, each with the key that has it in the model's. */
export function recordedResting(resting: Iterable<RestingPort>): readonly (readonly [PortKey, number])[] {
  return Array.from(resting, (port) => {
    const number = Number.parseInt(port, 10);
    return [restingKey(number, port.endsWith('/udp') ? 'UDP' : 'TCP'), number];
  });
}

/** Reads the annotation: sorted, each once, without what is no port. */
export function readRestingPorts(text: string | undefined): readonly RestingPort[] {
  const ports = new Set<RestingPort>();
  for (const part of (text ?? '').split(' ')) {
    const [, first = '', last = first, suffix = ''] = /^(\d{1,5})(?:-(\d{1,5}))?(\/udp)?$/.exec(part) ?? [];
    if (first === '') continue;
    const end = Math.min(Number(last), 65_535);
    for (let port = Number(first); port <= end; port++) ports.add(`${port}${suffix}`);
  }
  return [...ports].toSorted(byText);
}

/** Writes the annotation. Ports that follow each other are one part: an object has room for 256 KiB of annotations. */
export function restingText(resting: readonly RestingPort[]): string {
  const text = (suffix: string, ports: readonly RestingPort[]): readonly string[] =>
    runs(ports.map((port) => Number.parseInt(port, 10))).map(
      ([first, last]) => (first === last ? `${first}` : `${first}-${last}`) + suffix,
    );
  const isUdp = (port: RestingPort): boolean => port.endsWith('/udp');
  return [
    ...text(
      '',
      resting.filter((port) => !isUdp(port)),
    ),
    ...text('/udp', resting.filter(isUdp)),
  ].join(' ');
}

function runs(ports: readonly number[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (const port of ports.toSorted((a, b) => a - b)) {
    const run = found.at(-1);
    if (run?.[1] === port - 1) run[1] = port;
    else found.push([port, port]);
  }
  return found;
}

/** The Service that has these on record. */
export function restRecordManifest(namespace: string, resting: readonly RestingPort[]): ObjectToWrite {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: restRecordName,
      namespace,
      labels: { app: 'maesh', type: restRecordType },
      annotations: { [restingAnnotation]: restingText(resting) },
    },
    // Without an address Kubernetes lets a Service have no ports.
    spec: { clusterIP: 'None' },
  };
}
