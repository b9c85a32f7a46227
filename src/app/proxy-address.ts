// Whether the addresses of a mesh are its own: no two meshes of one machine can have the same.

import { systemClock } from '../runtime/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import type { ListenError } from '../serve/listen-error.ts';
import type { AddressAndPort } from '../translate/address.ts';
import { probePort } from './local-ports.ts';

/** An Envoy whose controller was killed is on its way out for so long, at most. */
const leavingMs = 3_000;
const lookMs = 50;

/**
 * Resolves when the port can be opened on which every proxy says whether it is ready, and by which another mesh on the
 * same addresses is known; or when the signal aborts.
 *
 * @throws ListenError where it stays taken, or can't be opened for another reason.
 */
export async function proxyAddressFree(
  { address, port }: AddressAndPort,
  signal: AbortSignal,
): Promise<void> {
  const whenTaken = 'End the other mesh that has these addresses, or choose others with --addressRange';
  const target = { what: "the proxy's readiness", host: address, port, whenTaken };
  const giveUpAt = systemClock.now() + leavingMs;
  while (!signal.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- each time after the other is the point
      await probePort(target);
      return;
    } catch (error) {
      const isTaken = (error as ListenError).code === 'MAESH_LISTEN_IN_USE';
      if (!isTaken || systemClock.now() >= giveUpAt) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(lookMs, { clock: systemClock, signal });
  }
}
