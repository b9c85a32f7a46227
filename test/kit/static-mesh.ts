// A mesh that consists of a translation and one real Envoy: services in, traffic through.

import { standalonePorts } from '../../src/model/ports.ts';
import type { Service } from '../../src/model/topology.ts';
import { createTranslator, type TranslateOptions } from '../../src/translate/translate.ts';
import { startStaticEnvoy, type StaticEnvoy } from './static-envoy.ts';
import { meshTopology } from './topologies.ts';

/** First mesh ports of each type: those that the services of a test use count up from here. */
export const firstPort = { http: 20_000, tcp: 27_680, udp: 20_000 };

/** Options of a mesh whose ports are all on one loopback address, so that tests can run side by side. */
export function meshAt(address: string): TranslateOptions {
  return {
    meshAddress: address,
    ports: standalonePorts,
    readiness: { address, port: 1081 },
    hostPort: { address, port: 8000 },
  };
}

/** A running mesh. */
export interface StaticMesh extends AsyncDisposable {
  readonly address: string;
  readonly envoy: StaticEnvoy;
  /** Replaces all services. When that takes effect is for the test to wait for. */
  readonly become: (services: readonly Service[]) => Promise<void>;
}

/**
 * Starts a mesh of these services, with {@link meshAt} for options where a test gives no others. Without `hostPort`, its
 * listeners are exactly those that a stream would bring; with it, the one of that port holds routes and changes with them.
 */
export async function startStaticMesh(
  address: string,
  services: readonly Service[],
  options: Partial<TranslateOptions> = {},
): Promise<StaticMesh> {
  const translate = createTranslator({ ...meshAt(address), ...options });
  const envoy = await startStaticEnvoy(translate(meshTopology(services)));
  return {
    address,
    envoy,
    become: (next) => envoy.tell(translate(meshTopology(next))),
    [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose](),
  };
}
