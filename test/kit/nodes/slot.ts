// Where on this machine a cluster with nodes lives: names and addresses that no other cluster has.

import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { tryLock } from '../../../tools/cluster/lock.ts';

/** Clusters that may run at once. */
const slotCount = 10;

/** A place for one cluster. The lock on it dies with this process. */
export interface Slot extends AsyncDisposable {
  /** The bridge that its nodes are on, such as `maesh0`: the names of everything else begin with it. */
  readonly bridge: string;
  /** A folder for the files of its nodes; what is there is an earlier cluster's. */
  readonly folder: string;
  readonly ranges: SlotRanges;
}

/** Address ranges of a slot, such as `10.199.0.0/24`. */
export interface SlotRanges {
  /** The host is its first address, node N its address N + 10. */
  readonly nodes: string;
  /** Node N has the Nth /24 of this /16. */
  readonly pods: string;
  readonly services: string;
}

/** Takes the first slot that no running cluster has, and whose addresses nothing else on this machine uses. */
export async function takeSlot(): Promise<Slot> {
  for (let index = 0; index < slotCount; index++) {
    const slot = await tryToTake(index);
    if (slot !== undefined) return slot;
  }
  throw new Error(`There is no room for a cluster: all ${slotCount} ranges of addresses are in use`);
}

async function tryToTake(index: number): Promise<Slot | undefined> {
  const bridge = `maesh${index}`;
  const folder = join(tmpdir(), `maesh-nodes-${index}`);
  const lock = await tryLock(`${folder}.lock`);
  if (lock === undefined) return undefined;
  const ranges = {
    nodes: `10.199.${index}.0/24`,
    pods: `10.${200 + index}.0.0/16`,
    services: `10.${220 + index}.0.0/16`,
  };
  const inUse = await Promise.all(Object.values(ranges).map((range) => isRouted(range, bridge)));
  if (!inUse.includes(true)) return { ...lock, bridge, folder, ranges };
  await lock[Symbol.asyncDispose]();
  return undefined;
}

/** Whether there are routes to a range or to a part of it, but for what the slot's last owner left. */
async function isRouted(range: string, bridge: string): Promise<boolean> {
  const routes = await Promise.all([routesThat('root', range), routesThat('match', range)]);
  return routes.flat().some(({ dst, dev }) => dst !== 'default' && dev !== bridge);
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

async function routesThat(relation: 'root' | 'match', range: string): Promise<readonly Route[]> {
  const { stdout } = await promisify(execFile)('ip', ['-json', 'route', 'show', relation, range]);
  return JSON.parse(stdout || '[]') as Route[];
}

/** The address that many places into a range: 10 in 10.199.0.0/24 is 10.199.0.10. */
export function addressIn(range: string, place: number): string {
  const [base = ''] = range.split('/');
  return base.replace(/\d+$/, String(place));
}

/** The nth /24 of a /16: 2 in 10.200.0.0/16 is 10.200.2.0/24. */
export function partOf(range: string, part: number): string {
  const [base = ''] = range.split('/');
  return `${base.replace(/\d+\.\d+$/, `${part}.0`)}/24`;
}
