// A release of the original's chart that runs in a cluster: proxies are Traefiks, and a stand-in is the controller.

import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bundled } from '../../../tools/image/images.ts';
import { layerOf } from '../../../tools/image/layer.ts';
import { nodeConfig, nodeLayer, programLayer } from '../../../tools/image/node-image.ts';
import { writeOciArchive, type Image } from '../../../tools/image/oci-archive.ts';
import { executableAt } from '../../../tools/image/shared-libraries.ts';
import { findTraefik } from '../fetch-traefik.ts';
import { traefikPath } from './stand-in-places.ts';

/** Writes an archive with the images that the original's charts name, so that their pods run what stands in for them. */
export async function writeOriginalImages(file: string): Promise<void> {
  const program = 'original-maesh';
  const layers = [
    await nodeLayer(),
    layerOf(await executableAt(traefikPath, await findTraefik())),
    programLayer(program, await bundled({ [program]: 'test/kit/original/stand-in.ts' })),
  ];
  const { User: _user, ...config } = nodeConfig(program);
  const image = (name: string, ...command: readonly string[]): Image => ({
    reference: `docker.io/${name}`,
    layers,
    config: { ...config, Entrypoint: [...(config.Entrypoint ?? []), ...command] },
  });
  await writeOciArchive(file, [
    image('containous/maesh:v1.3.2'),
    image('groundnuty/k8s-wait-for:v1.3', 'wait'),
    image('traefik/mesh:v1.4.1'),
    image('library/traefik:v2.3', 'proxy'),
  ]);
}

/** Makes a chart of the objects of a file of test/chart/original, in a folder. Returns the chart's own. */
export async function originalChart(folder: string, name: string): Promise<string> {
  const made = join(folder, name);
  const objects = join(import.meta.dirname, '..', '..', 'chart', 'original', `${name}.yaml`);
  await mkdir(join(made, 'templates'), { recursive: true });
  await writeFile(join(made, 'Chart.yaml'), JSON.stringify({ apiVersion: 'v2', name, version: '1.0.0' }));
  await copyFile(objects, join(made, 'templates', 'all.yaml'));
  return made;
}
