// One measurement: wrk keeps its connections busy for some seconds.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { cpuSeconds } from '../kit/process-figures.ts';
import type { Tools } from '../kit/tools.ts';
import type { Contender, Sharing } from './contenders.ts';

/** Connections that are kept, each with one request after the other. */
export const connections = 32;

/** What a measurement gave. */
export interface LoadFigures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the contender's process for each request, in microseconds. */
  readonly cpuUs: number;
}

interface WrkFigures {
  readonly requests: number;
  readonly durationUs: number;
  readonly failed: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Measures a contender. Rejects where a request fails. */
export async function load(
  { pid, url, host, name }: Contender,
  options: { readonly tools: Tools; readonly sharing: Sharing; readonly seconds: number },
): Promise<LoadFigures> {
  const { tools, sharing, seconds } = options;
  const script = join(import.meta.dirname, 'wrk.lua');
  const flags = [
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    `${seconds}s`,
    '-s',
    script,
    '-H',
    `Host: ${host}`,
  ];
  const [program, ...args] = [...sharing.rest, tools.wrk, ...flags, url];
  const before = await cpuSeconds(pid);
  const { stdout } = await promisify(execFile)(program, args, { env: tools.env });
  const cpu = (await cpuSeconds(pid)) - before;
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as WrkFigures;
  if (figures.failed > 0 || figures.requests === 0) throw new Error(`${name}: ${stdout}`);
  return {
    requestsPerSecond: figures.requests / (figures.durationUs / 1e6),
    p50Ms: figures.p50Us / 1000,
    p99Ms: figures.p99Us / 1000,
    cpuUs: (cpu * 1e6) / figures.requests,
  };
}
