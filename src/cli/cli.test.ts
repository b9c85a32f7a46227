import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Command } from 'commander';

import { AccessError } from '../kube/access-error.ts';
import { KubeError } from '../kube/kube-error.ts';
import { runCli, showFailure } from './cli.ts';
import { CommandError } from './command.ts';
import type { Terminal } from './output.ts';
import { usageMistake } from './usage.ts';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in an environment in which there is nothing. */
async function cli(...args: string[]): Promise<Said> {
  const { terminal, said } = recordedTerminal();
  const surroundings = { env: {}, cwd: import.meta.dirname, etc: '/nowhere', hostname: 'here' };
  const code = await runCli(args, { terminal, surroundings });
  return { code, ...said };
}

function recordedTerminal(): { readonly terminal: Terminal; readonly said: { out: string; err: string } } {
  const said = { out: '', err: '' };
  const output = (name: 'out' | 'err') => ({
    isTerminal: false,
    write: (text: string): void => {
      said[name] += text;
    },
    paint: (_style: unknown, text: string): string => text,
  });
  return { terminal: { out: output('out'), err: output('err') }, said };
}

describe('a command line that makes no sense', () => {
  const cases: readonly (readonly [args: string, said: string])[] = [
    ['vrsion', 'vrsion; there is no such command; did you mean version? see `maesh --help`'],
    [
      'standalone --logLevl=x',
      '--logLevl=x; there is no such flag; did you mean --logLevel? see `maesh standalone --help`',
    ],
    ['help vrsion', 'vrsion; there is no such command; did you mean version? see `maesh --help`'],
    ['check -z', '-z; there is no such flag; see `maesh check --help`'],
    ['--foo', '--foo; there is no such flag; see `maesh --help`'],
    ['check -f', '-f, --dir <path>; its value is missing; see `maesh check --help`'],
    ['check a b', 'a, b; only flags are taken here; put -f before each path'],
    ['--logLevel info standalone', 'standalone; a command stands before all flags; see `maesh --help`'],
    ['--logLevel info a', 'a; only flags are taken here; see `maesh --help`'],
    ['--logLevl info', '--logLevl; there is no such flag; did you mean --logLevel? see `maesh --help`'],
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

describe('maesh without a command', () => {
  it('says what to do where nothing says which cluster', async () => {
    const { code, out, err } = await cli();
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /^maesh: no cluster; .* give --kubeConfig, .*; without a cluster, `maesh standalone` .*\n$/,
    );
    assert.deepEqual(await cli('--acl=false', '-NAMESPACE', 'mesh'), { code, out, err });
  });

  it('leaves flags behind a command to the command, though it has some of the same name', async () => {
    const { err } = await cli('standalone', '--apiPort', 'x', '--dir', 'a');
    assert.match(err, /^maesh: --apiPort x; not a port; /);
  });
});

describe('maesh check', () => {
  it('says what to do where neither a cluster nor manifests are named', async () => {
    assert.deepEqual(await cli('check'), {
      code: 1,
      out: '',
      err:
        'maesh: no cluster; nothing says where the API server is; give --kubeConfig, KUBECONFIG or --masterURL, or ' +
        'manifests by -f\n',
    });
  });
});

describe('maesh standalone', () => {
  it('says which settings do not go together before it starts anything', async () => {
    const { code, err } = await cli('standalone', '--dir', 'nowhere', '--httpPort', '9000');
    assert.equal(code, 1);
    assert.equal(
      err,
      'maesh: --apiPort 9000; --httpPort is the same port; give each a port of its own, or 0 for any free one\n',
    );
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

describe('showFailure', () => {
  const advice = 'nobody expected this; run it again with --logLevel debug to see where it comes from';

  function shown(error: unknown, detail: 'debug' | 'quiet' = 'quiet'): string {
    const { terminal, said } = recordedTerminal();
    showFailure(error, terminal, detail);
    assert.equal(said.out, '');
    return said.err;
  }

  it('shows the advice that an error brings along', () => {
    const error = Object.assign(new Error('Cannot open *:80 for DNS: it is taken'), {
      advice: 'Choose another',
    });
    assert.equal(shown(error), 'maesh: Cannot open *:80 for DNS: it is taken; choose another\n');
  });

  it('trusts errors of Maesh to say all', () => {
    const error = Object.assign(new Error('No Envoy: set ENVOY_BIN'), { code: 'MAESH_ENVOY_FETCH' });
    assert.equal(shown(error), 'maesh: No Envoy: set ENVOY_BIN\n');
    const access = new AccessError('Cannot read kubeconfig a: ENOENT. Name another');
    assert.equal(shown(access), 'maesh: Cannot read kubeconfig a: ENOENT. Name another\n');
    const details = { status: 403, reason: 'Forbidden', retryAfterSeconds: 0 };
    const subject = { verb: 'get', path: '/version' } as const;
    const refused = new KubeError('Cannot get /version: forbidden', { ...details, subject });
    assert.equal(shown(refused), 'maesh: Cannot get /version: forbidden\n');
  });

  it('shows every mistake of a command in a line of its own', () => {
    const mistake = { what: '--a', why: 'it is wrong', advice: 'use b' };
    const error = new CommandError([mistake, { ...mistake, what: '--c' }]);
    assert.equal(shown(error), 'maesh: --a; it is wrong; use b\nmaesh: --c; it is wrong; use b\n');
    assert.equal(error.message, '--a; it is wrong; --c; it is wrong');
  });

  it('says in one line that it has no explanation, and where to look for one', () => {
    assert.equal(shown(new Error('a\n  b')), `maesh: a b; ${advice}\n`);
    assert.equal(shown('thrown text'), 'maesh: thrown text\n');
  });

  it('shows where it happened to those who are debugging', () => {
    assert.match(shown(new Error('a'), 'debug'), /^maesh: a; nobody expected this; .*\nError: a\n {4}at /);
  });
});

describe('usageMistake', () => {
  it('passes on what it does not understand', () => {
    assert.deepEqual(usageMistake('error: something new', new Command('maesh')), {
      what: 'something new',
      why: 'the command line does not make sense',
      advice: 'see `maesh --help`',
    });
  });
});
