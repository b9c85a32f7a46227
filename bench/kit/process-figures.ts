// What a process has used, as the kernel counts it.

import { readFile } from 'node:fs/promises';

/** Clock ticks a second in which the kernel tells times to programs; the same on every Linux. */
const ticksPerSecond = 100;

/** Resident memory of a process, in MiB: now, and at its highest. */
export async function residentMib(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** Processor time that a process has used in all its threads, in seconds, to the nearest hundredth. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces; the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The children of a process that run a program of this name. */
export async function childrenNamed(pid: number, name: string): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = children.trim().split(/\s+/).filter(Boolean).map(Number);
  const names = await Promise.all(pids.map((child) => readFile(`/proc/${child}/comm`, 'utf8')));
  return pids.filter((_, index) => names[index]?.trim() === name);
}
