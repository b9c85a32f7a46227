import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { failureText, runCli } from './cli.ts';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in an environment in which there is nothing. */
async function cli(...args: string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const output = (name: 'out' | 'err') => ({
    write: (text: string): void => {
      said[name] += text;
    },
    paint: (_style: unknown, text: string): string => text,
  });
  const code = await runCli(args, {
    terminal: { out: output('out'), err: output('err') },
    surroundings: { env: {}, cwd: import.meta.dirname, etc: '/nowhere', hostname: 'here' },
  });
  return { code, ...said };
}

describe('a command line that makes no sense', () => {
  const cases: readonly (readonly [args: string, said: string])[] = [
    ['vrsion', 'vrsion; there is no such command; did you mean version? see `maesh --help`'],
    [
      'standalone --logLevl=x',
      '--logLevl=x; there is no such flag; did you mean --logLevel? see `maesh standalone --help`',
    ],
    ['check -z', '-z; there is no such flag; see `maesh check --help`'],
    ['--foo', '--foo; there is no such flag; see `maesh --help`'],
    ['check -f', '-f, --dir <path>; its value is missing; see `maesh check --help`'],
    ['check a b', 'a, b; only flags are taken here; put -f before each path'],
    ['version a', 'a; only flags are taken here; see `maesh version --help`'],
  ];
  for (const [args, said] of cases) {
    it(`is told what is wrong with \`${args}\``, async () => {
      assert.deepEqual(await cli(...args.split(' ')), { code: 1, out: '', err: `maesh: ${said}\n` });
    });
  }
});

describe('settings that make no sense', () => {
  it('are told in a line each, and warnings before them', async () => {
    assert.deepEqual(await cli('standalone', '--debug', '--httpPort', 'x'), {
      code: 1,
      out: '',
      err:
        'maesh: warning: --debug true; this setting is deprecated; use --logLevel debug\n' +
        'maesh: no --dir; it is needed; give --dir, MAESH_DIR or dir in a configuration file, where the other settings are\n' +
        'maesh: --httpPort x; not a port; use a number from 1 to 65535, or 0 for any free port\n',
    });
  });
});

describe('maesh version', () => {
  it('says what this is and what it runs on', async () => {
    const { code, out, err } = await cli('version');
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^version +\d+\.\d+\.\d+\S*\n/);
    assert.match(
      out,
      new RegExp(`\nnode +${process.version}\nplatform +${process.platform}/${process.arch}\n$`),
    );
  });

  it('says it for programs', async () => {
    const { out } = await cli('version', '-o', 'JSON');
    const version = JSON.parse(out) as Record<string, string>;
    assert.deepEqual(
      [version['node'], version['platform']],
      [process.version, `${process.platform}/${process.arch}`],
    );
  });

  it('answers --version too', async () => {
    assert.deepEqual(await cli('--version'), await cli('version'));
  });
});

describe('failureText', () => {
  it('shows the advice that an error brings along', () => {
    const error = Object.assign(new Error('Cannot open *:80 for DNS: it is taken'), {
      advice: 'Choose another',
    });
    assert.equal(failureText(error), 'Cannot open *:80 for DNS: it is taken; choose another');
  });

  it('trusts errors of Maesh to say all', () => {
    const error = Object.assign(new Error('No Envoy: set ENVOY_BIN'), { code: 'MAESH_ENVOY_FETCH' });
    assert.equal(failureText(error), 'No Envoy: set ENVOY_BIN');
  });

  it('says in one line that it has no explanation, and where to look for one', () => {
    const advice = 'nobody expected this; run it again with --logLevel debug to see where it comes from';
    assert.equal(failureText(new Error('a\n  b')), `a b; ${advice}`);
    assert.equal(failureText('thrown text'), 'thrown text');
  });
});
