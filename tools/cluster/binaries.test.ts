import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';

import { gone } from '../../test/kit/running.ts';
import { until } from '../../test/kit/until.ts';
import { fingerprint, programs } from './programs.ts';

const root = await mkdtemp(join(tmpdir(), 'maesh-cluster-'));
after(() => rm(root, { recursive: true }));

let folders = 0;

async function newFolder(): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  return folder;
}

async function script(file: string, text: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
}

/** A script that says the pinned version whichever of a program's names it is called by. */
function stub(name: string, version?: string): string {
  const program = programs.find((each) => each.name === name);
  return `echo "\${0##*/} v${version ?? program?.version}"`;
}

/** A folder with stubs in the place of the programs. */
async function readyMade(names: readonly string[], version?: string): Promise<string> {
  const folder = await newFolder();
  for (const name of names) await script(join(folder, name), stub(name, version));
  return folder;
}

/** What the command line finds around it: a cache, and a `go` that does what a script says with \$out, its output file. */
async function surroundings(
  go: string,
): Promise<{ readonly env: NodeJS.ProcessEnv; readonly cache: string }> {
  const [cache, bin] = [await newFolder(), await newFolder()];
  const findOut = 'echo "$PWD $*" >>"$XDG_CACHE_HOME/calls"; while [ "$1" != -o ]; do shift; done; out=$2';
  await script(join(bin, 'go'), `${findOut}\n${go}`);
  const path = [bin, process.env['PATH']].join(':');
  return { cache, env: { PATH: path, XDG_CACHE_HOME: cache } };
}

/** Go as it is, but quick. */
const building = `
name=\${PWD##*/}
case $name in ${programs.map(({ name }) => `${name}) text='${stub(name)}';;`).join(' ')} esac
printf '#!/bin/sh\\n%s\\n' "$text" >"$out"
chmod +x "$out"`;

interface End {
  readonly code: number | null;
  readonly said: string;
}

const wanted = programs.filter(({ name }) => name === 'kube' || name === 'etcd');
const commandLine = [join(import.meta.dirname, 'binaries.ts'), ...wanted.map(({ name }) => name)];

async function run(env: NodeJS.ProcessEnv, args: readonly string[] = commandLine): Promise<End> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

/** The folders of finished programs in a cache, which has what was wanted and nothing else. */
async function finished(cache: string): Promise<Record<string, string>> {
  const folders = wanted.map((program) => `${program.name}-${program.version}-${fingerprint(program)}`);
  const names = await readdir(join(cache, 'maesh'));
  assert.deepEqual(names.toSorted(), [...folders, 'cluster.lock'].toSorted());
  return Object.fromEntries(
    wanted.map(({ name }, index) => [name, join(cache, 'maesh', folders[index] ?? '')]),
  );
}

/** The folders in which go was called. */
async function builds(cache: string): Promise<string[]> {
  const file = join(cache, 'calls');
  if (!existsSync(file)) return [];
  const calls = (await readFile(file, 'utf8')).trim().split('\n');
  return calls.map((call) => basename(call.split(' ', 1)[0] ?? ''));
}

suite('the programs of a cluster', () => {
  test('are built with Go where nothing else is said, and kept', async () => {
    const { env, cache } = await surroundings(building);
    const { code, said } = await run(env);
    assert.equal(code, 0, said);
    assert.match(said, /Building kube \d[^]*Built kube \d+\.\d+\.\d+ in \d+ s[^]*Built etcd/);
    const { kube } = await finished(cache);
    const asked = await promisify(execFile)(join(kube ?? '', 'kube-apiserver'));
    assert.equal(asked.stdout, `kube-apiserver v${programs[0]?.version}\n`);
    assert.deepEqual(await run(env), { code: 0, said: '' });
    assert.deepEqual(await builds(cache), ['kube', 'etcd']);
    assert.match(await readFile(join(cache, 'calls'), 'utf8'), /version\.gitVersion=v\d/);
  });

  test('are taken from a folder that has them, packed or not', async () => {
    const { env, cache } = await surroundings(building);
    const folder = await readyMade(['kube', 'etcd']);
    const pack = 'import lzma, sys; lzma.open(sys.argv[2], "wb").write(open(sys.argv[1], "rb").read())';
    await promisify(execFile)('python3', ['-c', pack, join(folder, 'kube'), join(folder, 'kube.xz')]);
    await rm(join(folder, 'kube'));
    const { code, said } = await run({ ...env, MAESH_CLUSTER_BINARIES: folder });
    assert.equal(code, 0, said);
    assert.match(said, /Took kube \d[^]*Took etcd \d/);
    const { kube } = await finished(cache);
    const { stdout } = await promisify(execFile)(join(kube ?? '', 'kubectl'));
    assert.match(stdout, /^kubectl v/);
    assert.deepEqual(await builds(cache), []);
  });

  test('are not taken in another version, or broken; the reason is told', async () => {
    const { env, cache } = await surroundings(building);
    const folder = await readyMade(['etcd'], '3.5.0');
    await writeFile(join(folder, 'kube.xz'), 'not packed');
    const { code, said } = await run({ ...env, MAESH_CLUSTER_BINARIES: folder });
    assert.equal(code, 0, said);
    assert.match(said, /Not taking the ready-made kube"[^\n]*reason=/);
    assert.match(said, /Not taking the ready-made etcd"[^\n]*reason="it is not etcd [\d.]+: it says/);
    assert.deepEqual(await builds(cache), ['kube', 'etcd']);
    const nowhere = await surroundings(building);
    const missing = await run({ ...nowhere.env, MAESH_CLUSTER_BINARIES: '/nowhere' });
    assert.equal(missing.code, 0, missing.said);
    assert.match(missing.said, /the folder has neither etcd nor etcd\.xz/);
  });

  test('are made once by any number of processes', async () => {
    const { env, cache } = await surroundings(building);
    const ends = await Promise.all([run(env), run(env), run(env)]);
    assert.deepEqual(
      ends.map(({ code }) => code),
      [0, 0, 0],
    );
    assert.deepEqual(await builds(cache), ['kube', 'etcd']);
  });

  test('are made by the next where a process was killed that was making them', async () => {
    const { env, cache } = await surroundings(
      `[ -e "$XDG_CACHE_HOME/free" ] || { echo $$ >"$out"; exec sleep 100; }\n${building}`,
    );
    const killed = spawn(process.execPath, commandLine, { env, stdio: 'ignore' });
    const unfinished = async (): Promise<string | undefined> => {
      const names = existsSync(join(cache, 'maesh')) ? await readdir(join(cache, 'maesh')) : [];
      const name = names.find((each) => each.startsWith('cluster-unfinished-'));
      if (name === undefined) return undefined;
      return (await readFile(join(cache, 'maesh', name, 'kube'), 'utf8').catch(() => '')).trim() || undefined;
    };
    const go = Number(await until('go to be at work', unfinished));
    const next = run(env);
    await appendFile(join(cache, 'free'), '');
    killed.kill('SIGKILL');
    await gone(go);
    const { code, said } = await next;
    assert.equal(code, 0, said);
    await finished(cache);
    assert.deepEqual(await builds(cache), ['kube', 'kube', 'etcd']);
  });

  test('are all made where none is named, and nothing where one is named that there is not', async () => {
    const { env, cache } = await surroundings(building);
    const [file = ''] = commandLine;
    const { code, said } = await run(env, [file]);
    assert.equal(code, 0, said);
    const all = programs.map(({ name }) => name);
    assert.deepEqual(await builds(cache), all);
    const other = await run(env, [file, 'etcd', 'nothing']);
    assert.equal(other.code, 1);
    assert.match(other.said, /No program nothing: there are kube, etcd/);
  });

  test('that cannot be built, or are not what they should be, leave nothing behind', async () => {
    const failing = await surroundings('echo "main.go:1: no such thing" >&2; exit 3');
    const failed = await run(failing.env);
    assert.equal(failed.code, 1);
    assert.match(failed.said, /Cannot build kube [\d.]+: go build ended with 3[^]*main\.go:1: no such thing/);
    assert.deepEqual(await readdir(join(failing.cache, 'maesh')), ['cluster.lock']);

    const wrong = await surroundings(`printf '#!/bin/sh\\necho 1.2.3\\n' >"$out"; chmod +x "$out"`);
    assert.match(
      (await run(wrong.env)).said,
      /What Go has built is not kube-apiserver [\d.]+: it says \\?"1\.2\.3/,
    );
    assert.deepEqual(await readdir(join(wrong.cache, 'maesh')), ['cluster.lock']);
  });
});

test('a changed source is another program', async () => {
  const [program] = wanted;
  assert.ok(program !== undefined);
  const sources = await newFolder();
  await writeFile(join(sources, 'main.go'), 'package main');
  const before = fingerprint({ ...program, sources });
  assert.equal(fingerprint({ ...program, sources }), before);
  await appendFile(join(sources, 'main.go'), '\n');
  assert.notEqual(fingerprint({ ...program, sources }), before);
});
