// The Helm chart of this repository, and Helm itself as a user calls it.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';

import { findExecutable } from '../../tools/cluster/binaries.ts';
import type { KubeObject } from './kube-objects.ts';

/** Folder of the chart. */
export const chart: string = join(import.meta.dirname, '..', '..', 'chart');

/** How a call of Helm ended. */
export interface HelmResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `helm` with arguments, and waits for its end. It knows no repositories, plugins or settings of this machine. */
export async function helm(args: readonly string[], input: string = ''): Promise<HelmResult> {
  const home = await mkdtemp(join(tmpdir(), 'maesh-helm-'));
  try {
    const child = spawn(findExecutable('helm'), args, { env: { HOME: home }, stdio: 'pipe' });
    child.stdin.end(input);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { code, stdout, stderr };
  } finally {
    await rm(home, { recursive: true });
  }
}

/** A release as a test wants it rendered. */
export interface Rendering {
  /** `maesh` by default. */
  readonly release?: string;
  /** `maesh` by default. */
  readonly namespace?: string;
  /** Values, as in a file of the user's. */
  readonly values?: object;
}

/** Renders the chart as `helm template` does, hooks included. Whether it can be is in the result. */
export function template({
  release = 'maesh',
  namespace = 'maesh',
  values = {},
}: Rendering): Promise<HelmResult> {
  return helm(
    ['template', release, chart, '--namespace', namespace, '--values', '-'],
    JSON.stringify(values),
  );
}

/** The objects of a rendered chart, in the order in which Helm makes them. @throws where it can't be rendered. */
export async function render(rendering: Rendering = {}): Promise<readonly KubeObject[]> {
  const { code, stdout, stderr } = await template(rendering);
  if (code !== 0) throw new Error(`helm template ended with ${code}: ${stderr}`);
  const documents = parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject | null);
  return documents.filter((document) => document !== null);
}

/** Kind and name of an object, such as `Role kube-system/maesh-controller-dns`. */
export function titleOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
