// Where endpoints are that an API server takes for some, and that are nevertheless here.

import { networkInterfaces } from 'node:os';

/** An IPv4 address of this machine that is no loopback address, as an API server wants it of endpoints. */
export function machineAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (found !== undefined) return found.address;
  }
  throw new Error('this machine has no address but loopback');
}
