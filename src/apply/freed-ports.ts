// Which mesh ports a shadow Service sets free, and whether it says something new, by the table of those handed out.

import type { ByTraffic } from '../model/ports.ts';
import { sharedKey } from '../model/recorded.ts';
import type { SlotTable } from '../model/slots.ts';
import { restingPort, type RestingPort } from './resting-ports.ts';
import type { FoundShadow } from './shadow-reading.ts';
import { recordedPorts, type ShadowPort } from './shadow.ts';

/** The mesh ports by which a port is served: while it moves, at both ends. */
function meshPortsOf(port: ShadowPort): readonly RestingPort[] {
  const { move } = port;
  return move === undefined ? [restingPort(port)] : [String(move.from), String(move.to)];
}

/** The table of mesh ports, as shadow Services are compared with it. */
export class HandedOut {
  readonly #table: ByTraffic<SlotTable>;

  constructor(table: ByTraffic<SlotTable>) {
    this.#table = table;
  }

  /**
   * The mesh ports of a shadow Service that are nobody's, each once. One that another service has by now is none of
   * them: in what the original has left, several share one.
   *
   * @param live - the ports that the shadow Service should have.
   */
  freed({ ports }: Pick<FoundShadow, 'ports'>, live: readonly ShadowPort[]): readonly RestingPort[] {
    const isLive = new Set(live.flatMap(meshPortsOf));
    const freed = ports.flatMap(meshPortsOf).filter((port) => !isLive.has(port) && !this.has(port));
    return [...new Set(freed)];
  }

  /** Whether a shadow Service has a mesh port on record that is not taken in the table, or by somebody else. */
  isNews(shadow: FoundShadow): boolean {
    const { http, tcp, udp } = this.#table;
    return recordedPorts(shadow.service ?? '', shadow)
      .entries()
      .some(([key, meshPort]) => {
        const slots = key.endsWith('/udp') ? [udp] : [http, tcp];
        const keys = [key, sharedKey(meshPort)];
        return !slots.some(
          ({ assigned, resting }) =>
            keys.some((each) => assigned.get(each) === meshPort) || resting.has(meshPort),
        );
      });
  }

  /** Whether a mesh port is somebody's. */
  has(port: RestingPort): boolean {
    const { http, tcp, udp } = this.#table;
    const number = Number.parseInt(port, 10);
    return (port.endsWith('/udp') ? [udp] : [http, tcp]).some((slots) => slots.keyOf(number) !== undefined);
  }
}
