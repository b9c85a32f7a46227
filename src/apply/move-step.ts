// The next step of a shadow Service whose ports move. Each step is one write, and between any two of them every call is
// served, wherever it arrives:
//
// 1. The move is put on record. Callers are sent to the shared port as before; proxies begin to serve the new one.
// 2. When all proxies do, callers are sent there. Proxies go on serving the shared port for those who still come.
// 3. When none can come any more, the move is off the record.

import type { FoundShadow } from './shadow-reading.ts';
import type { Shadow, ShadowPort } from './shadow.ts';

/** How far moves are. */
export interface MoveProgress {
  /** Whether this is a mesh port that several service ports have. */
  readonly isShared: (meshPort: number) => boolean;
  /** Whether callers may be sent to where the ports of the shadow Service of this name move. */
  readonly maySwitch: (name: string) => boolean;
  /** Whether no caller comes to this shared mesh port any more. */
  readonly isDeserted: (meshPort: number) => boolean;
}

/** What the shadow Service that there is should become next on the way to what it should be in the end. */
export function nextStep(shadow: Shadow, found: FoundShadow, progress: MoveProgress): Shadow {
  const ports = shadow.ports.map((port): ShadowPort => {
    const there = found.ports.find((each) => each.port === port.port && each.protocol === port.protocol);
    return there === undefined || port.protocol === 'UDP' ? port : step(port, there, { found, progress });
  });
  return { ...shadow, ports };
}

function step(
  port: ShadowPort,
  there: ShadowPort,
  { found, progress }: { readonly found: FoundShadow; readonly progress: MoveProgress },
): ShadowPort {
  const { move } = there;
  const to = port.meshPort;
  if (move?.to === to) {
    if (there.meshPort === to) return progress.isDeserted(move.from) ? port : { ...port, move };
    return { ...port, meshPort: progress.maySwitch(found.name) ? to : move.from, move };
  }
  if (there.meshPort === to || !progress.isShared(there.meshPort)) return port;
  return { ...port, meshPort: there.meshPort, move: { from: there.meshPort, to } };
}
