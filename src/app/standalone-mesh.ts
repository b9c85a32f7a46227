// A standalone mesh: what it hands out is on record in a file.

import { hostname } from 'node:os';
import { join } from 'node:path';
import type { StandaloneOptions } from '../config/options.ts';
import { AllocationFile } from '../control/allocation-file.ts';
import type { Log } from '../runtime/log.ts';
import { Mesh } from './mesh.ts';
import type { Placement } from './placement.ts';

/** The stages of a standalone mesh. Constructing it reads the record, and opens nothing. */
export class StandaloneMesh extends Mesh {
  constructor(options: StandaloneOptions, placement: Placement, log: Log) {
    const file = new AllocationFile(join(options.stateDir, 'allocation.json'), log);
    super({
      placement,
      allocation: file.load(),
      saveAllocation: (allocation) => file.save(allocation),
      waitsForProxy: options.envoy === 'managed',
      name: hostname(),
      log,
    });
  }
}
