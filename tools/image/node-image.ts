// Images of programs that Node runs: a layer with Node and all that it needs, the same for every program, and a layer
// with the program's bundle.

import { join } from 'node:path';

import { layerOf, type Entry, type Layer } from './layer.ts';
import type { ImageConfig } from './oci-archive.ts';
import { executableAt } from './shared-libraries.ts';

const root = join(import.meta.dirname, '..', '..');

/** Nobody's number in the image: neither root nor anybody whom a node knows. (Distroless images took it first.) */
const user = 65532;

const node = '/usr/local/bin/node';

/** How containers of these images are run. */
export function nodeConfig(program: string): ImageConfig {
  return {
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
    Entrypoint: [`/usr/local/bin/${program}`],
    User: `${user}:${user}`,
  };
}

/**
 * Node of package-lock.json, the C and C++ libraries of this machine that it loads, and the few files without which
 * these don't know who they are and where to look up names. No shell, and no certificates: Node has its own.
 */
export async function nodeLayer(): Promise<Layer> {
  const folder = join(root, 'node_modules', `node-linux-${process.arch}`);
  return layerOf([
    ...(await executableAt(node, join(folder, 'bin', 'node'))),
    ['/usr/local/share/licenses/node/LICENSE', file(join(folder, 'LICENSE'))],
    ['/etc/passwd', text(`root:x:0:0:root:/:/sbin/nologin\nmaesh:x:${user}:${user}:maesh:/:/sbin/nologin\n`)],
    ['/etc/group', text(`root:x:0:\nmaesh:x:${user}:\n`)],
    ['/etc/nsswitch.conf', text('hosts: files dns\n')],
    ['/tmp', { kind: 'folder', mode: 0o1777 }],
  ]);
}

/** A bundle, `maesh.mjs` say, with the files that it loads, and the command that runs it. */
export function programLayer(program: string, bundle: ReadonlyMap<string, string>): Layer {
  const library = `/usr/local/lib/${program}`;
  const licenses = `/usr/local/share/licenses/${program}`;
  return layerOf([
    // The bundle's own first line asks /usr/bin/env for Node, and the image has no more than it needs.
    [`/usr/local/bin/${program}`, text(`#!${node}\nimport '${library}/${program}.mjs';\n`, 0o755)],
    ...[...bundle].map(([name, code]): [string, Entry] => [`${library}/${name}`, text(code)]),
    ...['LICENSE', 'NOTICE'].map((name): [string, Entry] => [`${licenses}/${name}`, file(join(root, name))]),
  ]);
}

function text(content: string, mode = 0o644): Entry {
  return { kind: 'text', mode, text: content };
}

function file(source: string): Entry {
  return { kind: 'file', mode: 0o644, source };
}
