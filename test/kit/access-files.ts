// Files that say how an API server is reached, for tests.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { resolveAccess, type AccessOptions } from '../../src/kube/access.ts';
import { AccessError } from '../../src/kube/access-error.ts';

const root = await mkdtemp(join(tmpdir(), 'maesh-access-'));
after(() => rm(root, { recursive: true }));

let folders = 0;

/** Makes a folder of these files; objects become JSON. It is deleted when the tests of the file are done. */
export async function folderOf(files: Readonly<Record<string, string | object>>): Promise<string> {
  const folder = join(root, String(++folders));
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(join(folder, name), text, { mode: 0o755 });
  }
  return folder;
}

/** A kubeconfig of one context. */
export function kubeconfig(user: object, cluster: object = { server: 'https://api.test:6443' }): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  };
}

/** The message with which access is refused, without the folders in it. */
export async function accessRefusal(options: Partial<AccessOptions>): Promise<string> {
  let message = '';
  await assert.rejects(resolveAccess({ env: {}, ...options }), (error) => {
    assert.ok(error instanceof AccessError);
    ({ message } = error);
    return true;
  });
  return message.replaceAll(/\/\S*\/maesh-access-\w+\/\d+\//g, '');
}
