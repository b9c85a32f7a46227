// Which processes a process has started, as Linux knows them.

import { readFile } from 'node:fs/promises';

/** Processes that descend from one, the nearest first; empty where it has none or is gone. */
export async function descendants(pid: number): Promise<readonly number[]> {
  const found: number[] = [];
  const waiting = [pid];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const children = await childrenOf(next);
    found.push(...children);
    waiting.push(...children);
  }
  return found;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  try {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
