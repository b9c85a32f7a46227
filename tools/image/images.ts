// The images: the controller's, which users run, and those that stand in for public ones in the cluster of the tests,
// which reaches no registry.

import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import packageJson from '../../package.json' with { type: 'json' };
import { envoyVersion } from '../../src/proxy/envoy-version.ts';
import { findEnvoy } from '../../src/proxy/find-envoy.ts';
import { createLog } from '../../src/runtime/pino-log.ts';
import { bundle, commandLine, type Programs } from '../build.ts';
import { findExecutable } from '../cluster/binaries.ts';
import { programs } from '../cluster/programs.ts';
import { layerOf } from './layer.ts';
import { nodeConfig, nodeLayer, programLayer } from './node-image.ts';
import type { Image } from './oci-archive.ts';
import { executableAt } from './shared-libraries.ts';

const version = packageJson.version;

export type ImageName = 'maesh' | 'envoy' | 'test-pod' | 'coredns' | 'pause';

/** What makes each image. */
export const images: Readonly<Record<ImageName, () => Promise<Image>>> = {
  maesh,
  envoy,
  'test-pod': testPod,
  coredns: () => clusterProgram('coredns'),
  pause: () => clusterProgram('pause'),
};

/** What runs as controller, as `maesh prepare` and as `maesh cleanup`: what `npm run build` makes, and Node. */
async function maesh(): Promise<Image> {
  return {
    reference: `docker.io/maesh/maesh:${version}`,
    layers: [await nodeLayer(), programLayer('maesh', await bundled(commandLine))],
    config: nodeConfig('maesh'),
  };
}

/** The files of a bundle by name, without the source maps, which nothing in the image reads. */
export async function bundled(entries: Programs): Promise<ReadonlyMap<string, string>> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'maesh-bundle-'));
  await bundle(folder.path, entries);
  const names = (await readdir(folder.path)).filter((name) => name.endsWith('.mjs')).toSorted();
  const codes = await Promise.all(names.map((name) => readFile(join(folder.path, name), 'utf8')));
  return new Map(names.map((name, index) => [name, codes[index] ?? '']));
}

/**
 * Stands in for Envoy's own image: the same executable, with the shell and the commands that the chart's hook for the end
 * of a pod calls. The entry point of Envoy's own is a script that changes users; here there is none, so that a chart
 * which relied on it would fail.
 */
async function envoy(): Promise<Image> {
  const { path } = await findEnvoy({ log: createLog({ level: 'info', format: 'common' }) });
  const executables = {
    '/usr/local/bin/envoy': path,
    '/bin/bash': '/bin/bash',
    '/bin/cat': '/bin/cat',
    '/bin/sleep': '/bin/sleep',
  };
  const entries = await Promise.all(
    Object.entries(executables).map(([at, source]) => executableAt(at, source)),
  );
  return {
    reference: `docker.io/envoyproxy/envoy:v${envoyVersion}`,
    layers: [layerOf([...entries.flat(), ['/tmp', { kind: 'folder', mode: 0o1777 }]])],
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
  };
}

/** The backends and clients of the test kit, for pods: test/kit/pods. */
async function testPod(): Promise<Image> {
  const code = await bundled({ 'test-pod': 'test/kit/pods/main.ts' });
  return {
    reference: 'localhost/test-pod:1',
    layers: [await nodeLayer(), programLayer('test-pod', code)],
    config: nodeConfig('test-pod'),
  };
}

/** A program of tools/cluster, which is linked statically, alone at the root as in its own image. */
async function clusterProgram(name: string): Promise<Image> {
  const path = `/${name}`;
  return {
    reference: `localhost/${name}:${programs.find((program) => program.name === name)?.version}`,
    layers: [layerOf(await executableAt(path, findExecutable(name)))],
    config: { Env: [], Entrypoint: [path] },
  };
}
