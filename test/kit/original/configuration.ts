// The dynamic configuration that the original (Traefik Mesh 1.4) made of a cluster's objects, written from the description of
// its published behaviour (the documentation, and the shape of `/api/configuration/current`). Where it chose by
// chance, the test kit makes no case of it.

import type { KubeObject, KubeService, KubeTrafficSplit } from '../../../src/model/objects.ts';
import { DynamicConfiguration } from './dynamic.ts';
import { addService } from './services.ts';
import { addSplit, backendsOf } from './splits.ts';
import { addBlockAll, addControlledService, addWhitelist, allowedSources } from './targets.ts';
import { OriginalWorld } from './world.ts';

/** How a mesh was run. */
export interface OriginalOptions {
  /** Address of its proxies. */
  readonly proxyAddress: string;
  /** Whether only those may call whom a TrafficTarget lets in. */
  readonly isAccessControlled: boolean;
}

/** A mesh as the original had it. */
export interface OriginalMesh {
  readonly configuration: DynamicConfiguration;
  readonly world: OriginalWorld;
}

/** Makes the configuration. */
export function originalConfiguration(
  objects: readonly KubeObject[],
  { proxyAddress, isAccessControlled }: OriginalOptions,
): OriginalMesh {
  const configuration = new DynamicConfiguration();
  const world = new OriginalWorld(objects);
  const placeOf = (service: KubeService, port: number): string => {
    const entry = world.entryPorts(service).find((each) => each.port.port === port);
    // Port 1: a port that the shadow service hasn't.
    return `${proxyAddress}:${entry?.entryPort ?? 1}`;
  };
  if (isAccessControlled) addBlockAll(configuration);
  for (const service of world.services.values()) {
    if (isAccessControlled) addControlledService(configuration, world, service);
    else addService(configuration, world, service);
  }
  for (const split of world.splits) {
    const whitelist = isAccessControlled ? addSplitWhitelist(configuration, split, world) : undefined;
    addSplit(configuration, split, { world, placeOf, ...(whitelist && { whitelist }) });
  }
  return { configuration, world };
}

/** Only those may call a root whom every backend lets in. */
function addSplitWhitelist(to: DynamicConfiguration, split: KubeTrafficSplit, world: OriginalWorld): string {
  const name = `${split.namespace}-${split.service}-${split.name}-whitelist-traffic-split-direct`;
  const [first = new Set<string>(), ...others] = backendsOf(split, world).map(({ backend }) =>
    allowedSources(backend, world),
  );
  const addresses = [...first].filter((address) => others.every((set) => set.has(address)));
  addWhitelist(to, name, { addresses });
  return name;
}
