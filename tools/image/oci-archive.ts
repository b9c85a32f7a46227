// Writes images as one archive in the OCI image layout, which `ctr images import`, `skopeo` and `podman load` read.
// The same images give the same bytes: everything is sorted, and no time, user or machine gets in.
// https://github.com/opencontainers/image-spec

import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';

import { packTar, type TarEntry } from 'modern-tar';

import type { Entry, Layer } from './layer.ts';

/** An image for the processor of this machine. */
export interface Image {
  /** In full, such as `docker.io/maesh/maesh:2.0.0`. */
  readonly reference: string;
  /** What changes least comes first: nodes and registries keep a layer that they have already. */
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

/** How a container of the image is run, where nothing else is asked for. */
export interface ImageConfig {
  readonly Env: readonly string[];
  readonly Entrypoint?: readonly string[];
  /** Numeric, so that Kubernetes can see that it isn't root. */
  readonly User?: string;
}

/** What points at a blob. */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Blobs by their digest, each once. */
type Blobs = Map<string, Uint8Array>;

/** Writes the images to a file, which is there whole or not at all. Layers that they share are in it once. */
export async function writeOciArchive(file: string, images: readonly Image[]): Promise<void> {
  const blobs: Blobs = new Map();
  const manifests = [];
  for (const image of images) manifests.push(await addImage(image, blobs));
  const entries = [
    textEntry('oci-layout', { imageLayoutVersion: '1.0.0' }),
    textEntry('index.json', { schemaVersion: 2, manifests }),
    ...[...blobs].map(([digest, body]) => fileEntry(`blobs/${digest.replace(':', '/')}`, body)),
  ];
  await writeFile(`${file}.new`, await packTar(entries));
  await rename(`${file}.new`, file);
}

/** Adds an image's blobs and returns its entry of the index. */
async function addImage(image: Image, blobs: Blobs): Promise<object> {
  const layers: Descriptor[] = [];
  for (const layer of image.layers) layers.push(addBlob(blobs, await packLayer(layer), 'layer.v1.tar'));
  const config = addJson(blobs, 'config.v1+json', {
    architecture: architectures[process.arch],
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = addJson(blobs, 'manifest.v1+json', { schemaVersion: 2, mediaType, config, layers });
  const annotations = {
    // containerd names the image so; the other one holds the tag for those that follow the specification.
    'io.containerd.image.name': image.reference,
    'org.opencontainers.image.ref.name': image.reference.replace(/^.*:/, ''),
  };
  return { ...manifest, annotations };
}

/** Go's names of processors, by Node's. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function addJson(blobs: Blobs, type: string, value: object): Descriptor {
  return addBlob(blobs, Buffer.from(JSON.stringify(value)), type);
}

function addBlob(blobs: Blobs, body: Uint8Array, type: string): Descriptor {
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  blobs.set(digest, body);
  return { mediaType: `application/vnd.oci.image.${type}`, digest, size: body.length };
}

async function packLayer(layer: Layer): Promise<Uint8Array> {
  const entries = await Promise.all([...layer].map(([path, entry]) => layerEntry(path.slice(1), entry)));
  return packTar(entries);
}

async function layerEntry(name: string, entry: Entry): Promise<TarEntry> {
  const { mode } = entry;
  if (entry.kind === 'folder')
    return { header: { ...nobodys, name: `${name}/`, type: 'directory', size: 0, mode } };
  const body = entry.kind === 'text' ? Buffer.from(entry.text) : await readFile(entry.source);
  return fileEntry(name, body, mode);
}

function textEntry(name: string, value: object): TarEntry {
  return fileEntry(name, Buffer.from(JSON.stringify(value)));
}

function fileEntry(name: string, body: Uint8Array, mode = 0o644): TarEntry {
  return { header: { ...nobodys, name, type: 'file', size: body.length, mode }, body };
}

/** What tells nothing of when and where the archive was made. */
const nobodys = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };
