// What this process finds around it, for the parts that are passed it.

import { hostname } from 'node:os';

import type { Surroundings } from '../config/config-file.ts';

/** Environment, working directory and machine of this process. */
export function processSurroundings(): Surroundings {
  return { env: process.env, cwd: process.cwd(), etc: '/etc', hostname: hostname() };
}
