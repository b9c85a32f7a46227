// Where the benchmarks open what: ranges of loopback addresses of their own, so that they meet no other mesh.

/** Range of the mesh under test: its proxy's address, and one for each service. */
export const meshRange = '127.92.0.0/16';

/** Range of a second mesh that runs at the same time, with access control. */
export const guardedRange = '127.94.0.0/16';

/** Port of every service and of every backend; above 1023, so that no right is needed to open it. */
export const servicePort = 8080;

/** Address of the n-th endpoint of all, counted from 0, of which 64,000 fit. Nobody calls it: nothing listens there. */
export function silentAddress(n: number): string {
  return `127.93.${n >> 8}.${n & 255}`;
}

/** Ten addresses at which backends answer; there is a set 0 and a set 1. */
export function backendAddresses(set: 0 | 1): readonly string[] {
  return Array.from({ length: 10 }, (_, n) => `127.93.254.${set * 10 + n + 1}`);
}

/** Two addresses from which a caller calls. */
export const callerAddresses = ['127.93.253.1', '127.93.253.2'] as const;

/** Addresses of what the data path is measured with: one for each program. */
export const pathAddresses = {
  backend: '127.93.255.1',
  envoy: '127.93.255.2',
  traefik: '127.93.255.3',
} as const;
