import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { Surroundings } from './config-file.ts';
import type { ControllerSettings } from './controller-settings.ts';
import type { Environment } from './environment.ts';
import { mistakeText } from './mistake.ts';
import { readSettings, readTable, type Reading } from './read-settings.ts';
import { settings, type CommandName, type CommandSettings, type StandaloneSettings } from './settings.ts';
import { text } from './value.ts';

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-settings-'));
});

after(() => rm(folder, { recursive: true }));

interface Given {
  readonly flags?: Readonly<Record<string, readonly string[]>>;
  readonly env?: Environment;
  /** Content of maesh.toml in the working directory. */
  readonly file?: string;
}

async function read<C extends CommandName>(command: C, given: Given): Promise<Reading<CommandSettings[C]>> {
  const cwd = await mkdtemp(join(folder, 'cwd-'));
  if (given.file !== undefined) await writeFile(join(cwd, 'maesh.toml'), given.file);
  const surroundings: Surroundings = {
    env: given.env ?? {},
    cwd,
    etc: join(folder, 'etc'),
    hostname: 'here',
  };
  return readSettings(command, { flags: new Map(Object.entries(given.flags ?? {})), surroundings });
}

/** Settings of standalone that are there, and what is warned of. */
async function standalone(given: Given): Promise<{ settings: StandaloneSettings; warnings: string[] }> {
  const reading = await read('standalone', given);
  assert.ok('settings' in reading, JSON.stringify(reading));
  return { settings: reading.settings, warnings: reading.warnings.map(textOf) };
}

/** The same of the controller. */
async function controller(given: Given): Promise<{ settings: ControllerSettings; warnings: string[] }> {
  const reading = await read('controller', given);
  assert.ok('settings' in reading, JSON.stringify(reading));
  return { settings: reading.settings, warnings: reading.warnings.map(textOf) };
}

/** What is wrong. */
async function mistakes(command: CommandName, given: Given): Promise<string[]> {
  const reading = await read(command, given);
  assert.ok('mistakes' in reading, JSON.stringify(reading));
  return reading.mistakes.map(textOf);
}

/** A mistake's text without the folder that this run of the tests has. */
function textOf(mistake: Parameters<typeof mistakeText>[0]): string {
  return mistakeText(mistake).replaceAll(/\S*\/cwd-[^/]*\//g, '');
}

describe('the source of settings', () => {
  const file = 'dir = "from-file"\nhttpPort = 1\n';
  const flags = { dir: ['from-flag'], httpPort: ['2'] };
  const env = { MAESH_DIR: 'from-env', MAESH_HTTPPORT: '3' };

  it('is the configuration file where there is one', async () => {
    const { settings: read } = await standalone({ file, flags, env });
    assert.deepEqual([read.dir, read.httpPort], [['from-file'], 1]);
  });

  it('is the flags where there is no file', async () => {
    const { settings: read } = await standalone({ flags, env });
    assert.deepEqual([read.dir, read.httpPort], [['from-flag'], 2]);
  });

  it('is the environment where there are neither', async () => {
    const { settings: read, warnings } = await standalone({ env });
    assert.deepEqual([read.dir, read.httpPort, warnings], [['from-env'], 3, []]);
  });

  it('is one alone: what the others say is not merged in', async () => {
    const { settings: read } = await standalone({ flags: { dir: ['from-flag'] }, env });
    assert.equal(read.httpPort, 8000);
    const fromFile = await standalone({ file: 'dir = "from-file"', flags, env });
    assert.equal(fromFile.settings.httpPort, 8000);
  });

  it('warns of every flag and variable that does not count', async () => {
    const inFile = await standalone({ file, flags, env: { MAESH_APIPORT: '1' } });
    assert.deepEqual(inFile.warnings, [
      'ignored --dir, --httpPort, MAESH_APIPORT; all settings come from the configuration file maesh.toml; set them there',
    ]);
    const inFlags = await standalone({ flags, env: { TRAEFIK_MESH_APIPORT: '1' } });
    assert.deepEqual(inFlags.warnings, [
      'ignored TRAEFIK_MESH_APIPORT; where flags are given, as --dir, --httpPort, no variable counts; give flags for them too',
    ]);
  });

  it('is the file that --configFile names, which is no reason for a warning', async () => {
    const path = join(folder, 'named.yaml');
    await writeFile(path, 'dir: named');
    const { settings: read, warnings } = await standalone({ file, flags: { configFile: [path] } });
    assert.deepEqual([read.dir, read.configFile, warnings], [['named'], path, []]);
  });

  it('is the file that MAESH_CONFIGFILE names where no flag is given', async () => {
    const path = join(folder, 'variable.yaml');
    await writeFile(path, 'dir: variable');
    const named = { MAESH_CONFIGFILE: path };
    assert.deepEqual((await standalone({ env: named })).settings.dir, ['variable']);
    assert.deepEqual((await standalone({ env: named, flags })).settings.dir, ['from-flag']);
  });

  it('is not a file that lies about, for a command that runs no mesh', async () => {
    const reading = await read('check', { file, flags: { dir: ['from-flag'], output: ['json'] } });
    assert.ok('settings' in reading);
    assert.deepEqual(
      [reading.settings.dir, reading.settings.output, reading.warnings],
      [['from-flag'], 'json', []],
    );
  });

  it('may be a file with settings of other commands', async () => {
    const path = join(folder, 'shared.yaml');
    await writeFile(path, 'dir: shared\nhttpPort: 80\nnodeId: me');
    const reading = await read('check', { flags: { configFile: [path] } });
    assert.ok('settings' in reading);
    assert.deepEqual(reading.settings.dir, ['shared']);
  });

  it('does not depend on flags about the one call', async () => {
    const reading = await read('check', { flags: { output: ['json'] }, env });
    assert.ok('settings' in reading);
    assert.deepEqual([reading.settings.dir, reading.settings.output], [['from-env'], 'json']);
  });

  it('has no variable for flags about the one call', async () => {
    const reading = await read('version', { env: { MAESH_OUTPUT: 'json' } });
    assert.ok('settings' in reading);
    assert.equal(reading.settings.output, 'text');
  });
});

describe('settings of the controller', () => {
  const env = { MAESH_WATCHNAMESPACES: 'a,b', MAESH_APIPORT: '3', MAESH_ACL: 'false' };
  const flags = { watchNamespaces: ['c', 'd,e'], apiHost: ['::1'] };
  const file = 'watchNamespaces = ["f", "g"]\nLIMITHTTPPORT = 10\n';

  it('come from one source alone, in the same order', async () => {
    const { settings: inEnv } = await controller({ env });
    assert.deepEqual([inEnv.watchNamespaces, inEnv.apiPort], [['a', 'b'], 3]);
    const { settings: inFlags } = await controller({ env, flags });
    assert.deepEqual([inFlags.watchNamespaces, inFlags.apiPort], [['c', 'd', 'e'], 9000]);
    const { settings: inFile } = await controller({ env, flags, file });
    assert.deepEqual([inFile.watchNamespaces, inFile.apiHost, inFile.limitHTTPPort], [['f', 'g'], '', 10]);
  });

  it('are all defaults where nothing is given', async () => {
    const { settings: read, warnings } = await controller({});
    assert.deepEqual([read.namespace, read.watchNamespaces, warnings], ['maesh', [], []]);
  });

  it('may be left empty where the original takes that for none', async () => {
    const empty = { kubeConfig: [''], masterURL: [''], watchNamespaces: [''], apiHost: [''] };
    const { settings: read } = await controller({ flags: empty });
    assert.deepEqual(
      [read.kubeConfig, read.masterURL, read.watchNamespaces, read.apiHost],
      [undefined, undefined, [], ''],
    );
  });

  it('are checked as they are read, the default mode too', async () => {
    const flags = { defaultMode: ['grpc'], namespace: ['Maesh'], ignoreNamespaces: ['a,b_c'] };
    const found = await mistakes('controller', { flags });
    assert.deepEqual(
      found.map((text) => text.split('; ', 2).join('; ')),
      [
        '--namespace Maesh; no namespace can have this name',
        '--ignoreNamespaces a,b_c; b_c: no namespace can have this name',
        '--defaultMode grpc; not one of the values that there are',
      ],
    );
  });
});

describe('environment variables', () => {
  it('may have either prefix', async () => {
    const { settings: read } = await standalone({
      env: { TRAEFIK_MESH_DIR: 'a', TRAEFIK_MESH_HTTPPORT: '3' },
    });
    assert.deepEqual([read.dir, read.httpPort], [['a'], 3]);
  });

  it('may not have both at once', async () => {
    assert.deepEqual(
      await mistakes('standalone', { env: { MAESH_DIR: 'a', TRAEFIK_MESH_LOGLEVEL: 'info' } }),
      [
        'MAESH_DIR and TRAEFIK_MESH_LOGLEVEL; variables begin either with MAESH_ or with TRAEFIK_MESH_, never with both at once; ' +
          'rename one of the two kinds, best TRAEFIK_MESH_… to MAESH_…',
      ],
    );
  });

  it('are warned of where they look mistyped', async () => {
    const { warnings } = await standalone({
      env: { MAESH_DIR: 'a', MAESH_LOGLEVL: 'x', MAESH_HTTP_PORT: '1' },
    });
    assert.deepEqual(warnings, [
      'MAESH_HTTP_PORT; no setting has this variable, so it changes nothing; did you mean MAESH_HTTPPORT (as --httpPort)?',
      'MAESH_LOGLEVL; no setting has this variable, so it changes nothing; did you mean MAESH_LOGLEVEL (as --logLevel)?',
    ]);
  });

  it('are left alone where they are nothing of ours', async () => {
    const others = {
      MAESH_JAEGER: '1',
      MAESH_API_PORT: 'tcp://10.0.0.1:9000',
      MAESH_CACHE: '/x',
      HTTPPORT: '1',
    };
    const { warnings } = await standalone({ env: { MAESH_DIR: 'a', ...others } });
    assert.deepEqual(warnings, []);
  });
});

describe('mistakes in settings', () => {
  it('are told all at once, each as its source spells it', async () => {
    assert.deepEqual(
      await mistakes('standalone', { flags: { dir: ['a'], logLevel: ['loud'], httpPort: ['x'] } }),
      [
        '--httpPort x; not a port; use a number from 1 to 65535, or 0 for any free port',
        '--logLevel loud; not one of the values that there are; use panic, fatal, error, warn, warning, info, debug or trace',
      ],
    );
    assert.match(
      String(await mistakes('standalone', { env: { TRAEFIK_MESH_DIR: 'a', TRAEFIK_MESH_APIPORT: '-1' } })),
      /^TRAEFIK_MESH_APIPORT=-1; not a port; /,
    );
    assert.match(
      String(await mistakes('standalone', { file: 'dir = "a"\ndefaultmode = "grpc"' })),
      /^defaultMode: grpc in maesh.toml; .*use http, tcp or udp$/,
    );
  });

  it('are told of flags about the one call too', async () => {
    assert.match(
      String(await mistakes('check', { env: { MAESH_DIR: 'a' }, flags: { output: ['yml'] } })),
      /^--output yml; /,
    );
  });

  it('include a needed setting that is missing, and say where it belongs', async () => {
    assert.deepEqual(await mistakes('standalone', {}), [
      'no --dir; it is needed; give --dir, MAESH_DIR or dir in a configuration file',
    ]);
    assert.deepEqual(await mistakes('standalone', { flags: { httpPort: ['1'] }, env: { MAESH_DIR: 'a' } }), [
      'no --dir; it is needed; give --dir, MAESH_DIR or dir in a configuration file, where the other settings are',
    ]);
    assert.deepEqual(await mistakes('standalone', { file: 'httpPort = 1', flags: { dir: ['a'] } }), [
      'no --dir; it is needed, and the configuration file maesh.toml, from which all settings come, has no dir; add it there',
    ]);
  });

  it('include a configuration file that is not there or makes no sense', async () => {
    assert.match(
      String(await mistakes('standalone', { flags: { configFile: ['nowhere.toml'], dir: ['a'] } })),
      /^configuration file nowhere.toml; it can't be read: ENOENT/,
    );
    assert.match(
      String(await mistakes('standalone', { file: 'tracing = true' })),
      /^tracing in maesh.toml; no setting/,
    );
  });

  it('never show a secret', () => {
    const token = { ...settings.bootstrap.xdsHost, kind: text('token'), secret: true as const };
    const given = {
      texts: new Map([['token', ['']]]),
      spell: (name: string, texts: readonly string[]) => `--${name} ${texts.join(',')}`,
      warnings: [],
      configFile: undefined,
    };
    const { mistakes: found } = readTable({ token }, given, { flags: new Map() });
    assert.equal(found[0]?.what, '--token …');
  });
});

describe('deprecated settings', () => {
  it('work, with a warning that says what to use', async () => {
    const { settings: read, warnings } = await standalone({ flags: { dir: ['a'], debug: ['true'] } });
    assert.equal(read.debug, true);
    assert.deepEqual(warnings, ['--debug true; this setting is deprecated; use --logLevel debug']);
  });
});
