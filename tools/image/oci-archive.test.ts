import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { unpackTar, type ParsedTarEntryWithData } from 'modern-tar';

import { layerOf, type Layer } from './layer.ts';
import { writeOciArchive, type Image } from './oci-archive.ts';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const folder = await mkdtempDisposable(join(tmpdir(), 'maesh-oci-'));
const runtime = layerOf([
  ['/bin/node', { kind: 'file', mode: 0o755, source: import.meta.filename }],
  ['/tmp', { kind: 'folder', mode: 0o1777 }],
]);

test.after(() => folder.remove());

function program(text: string): Layer {
  return layerOf([['/lib/program.mjs', { kind: 'text', mode: 0o644, text }]]);
}

function image(reference: string, ...layers: readonly Layer[]): Image {
  return { reference, layers, config: { Env: ['A=b'], Entrypoint: ['/bin/node'], User: '65532:65532' } };
}

async function archive(...images: readonly Image[]): Promise<Buffer> {
  const file = join(folder.path, 'images.tar');
  await writeOciArchive(file, images);
  return readFile(file);
}

/** What a reader finds who follows the digests from index.json on, each of which is checked. */
async function read(
  bytes: Buffer,
): Promise<
  { name: string | undefined; config: unknown; layers: string[]; entries: ParsedTarEntryWithData[] }[]
> {
  const files = new Map(
    (await unpackTar(bytes, { strict: true })).map(({ header, data }) => [header.name, data]),
  );
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const body = Buffer.from(files.get(`blobs/${digest.replace(':', '/')}`) ?? assert.fail(`no ${digest}`));
    assert.equal(`sha256:${createHash('sha256').update(body).digest('hex')}`, digest);
    assert.equal(body.length, size);
    return body;
  };
  const json = (body: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(body ?? []).toString());
  assert.deepEqual(json(files.get('oci-layout')), { imageLayoutVersion: '1.0.0' });
  const index = json(files.get('index.json')) as { manifests: Descriptor[] };
  return Promise.all(
    index.manifests.map(async (entry) => {
      const manifest = json(blob(entry)) as { config: Descriptor; layers: Descriptor[] };
      const unpacked = await Promise.all(
        manifest.layers.map((layer) => unpackTar(blob(layer), { strict: true })),
      );
      return {
        name: entry.annotations?.['io.containerd.image.name'],
        config: json(blob(manifest.config)),
        layers: manifest.layers.map(({ digest }) => digest),
        entries: unpacked.flat(),
      };
    }),
  );
}

test('the archive of an image holds its name, its configuration and its files', async () => {
  const [found] = await read(await archive(image('docker.io/maesh/maesh:1', runtime, program('code'))));
  assert.equal(found?.name, 'docker.io/maesh/maesh:1');
  assert.partialDeepStrictEqual(found.config, {
    architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
    os: 'linux',
    config: { Env: ['A=b'], Entrypoint: ['/bin/node'], User: '65532:65532' },
    rootfs: { type: 'layers', diff_ids: found.layers },
  });
  assert.deepEqual(
    found.entries.map(({ header: { name, mode, uid, gid, mtime } }) => [
      name,
      mode,
      uid,
      gid,
      mtime?.getTime(),
    ]),
    [
      ['bin/', 0o755, 0, 0, 0],
      ['bin/node', 0o755, 0, 0, 0],
      ['tmp/', 0o1777, 0, 0, 0],
      ['lib/', 0o755, 0, 0, 0],
      ['lib/program.mjs', 0o644, 0, 0, 0],
    ],
  );
  const texts = found.entries.map(({ data }) => Buffer.from(data ?? []).toString());
  assert.equal(texts[1], await readFile(import.meta.filename, 'utf8'));
  assert.equal(texts[4], 'code');
});

test('the same images make the same bytes, whenever the files were written', async () => {
  const file = join(folder.path, 'program');
  const make = async (): Promise<Buffer> => {
    await writeFile(file, 'code');
    return archive(
      image('a:1', runtime, layerOf([['/lib/program', { kind: 'file', mode: 0o644, source: file }]])),
    );
  };
  const first = await make();
  assert.ok(first.equals(await make()));
  assert.deepEqual(
    (await readdir(folder.path)).filter((name) => name.endsWith('.new')),
    [],
  );
});

test('a changed program changes its own layer and no other', async () => {
  const [before] = await read(await archive(image('a:1', runtime, program('one'))));
  const [after] = await read(await archive(image('a:1', runtime, program('two'))));
  assert.equal(after?.layers[0], before?.layers[0]);
  assert.notEqual(after?.layers[1], before?.layers[1]);
});

test('images of one archive share what they have in common', async () => {
  const bytes = await archive(image('a:1', runtime, program('one')), image('b:1', runtime, program('two')));
  const [a, b] = await read(bytes);
  assert.deepEqual([a?.name, b?.name], ['a:1', 'b:1']);
  assert.equal(a?.layers[0], b?.layers[0]);
  const names = (await unpackTar(bytes)).map(({ header }) => header.name);
  assert.equal(new Set(names).size, names.length);
});
