import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, suite, test } from 'node:test';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'maesh-run-')));
after(() => rm(folder, { recursive: true }));

let checkouts = 0;

/** A checkout with the real tools, given files, and no packages to install unless they say so. */
async function checkout(files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, String(checkouts++));
  const all = { 'package-lock.json': lockOf({}), 'package.json': '{ "type": "module" }', ...files };
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  await mkdir(join(root, 'tools'), { recursive: true });
  for (const tool of ['run.mjs', 'setup.mjs']) {
    await copyFile(join(import.meta.dirname, tool), join(root, 'tools', tool));
  }
  return root;
}

function lockOf(packages: Readonly<Record<string, object>>): string {
  return JSON.stringify({ packages: { '': {}, ...packages } });
}

interface Started {
  readonly process: ChildProcess;
  /** Standard error so far. */
  says(what: RegExp): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Node's own flags. */
  readonly flags?: readonly string[];
}

function run(root: string, args: readonly string[], options: RunOptions = {}): Started {
  const { cwd = folder, env = {}, flags = [] } = options;
  const child = spawn(process.execPath, [...flags, join(root, 'tools', 'run.mjs'), ...args], {
    cwd,
    env: { ...process.env, NODE_V8_COVERAGE: undefined, npm_lifecycle_event: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const output = text(child.stdout);
  const ended = once(child, 'close').then(async ([code, signal]: (number | string | null)[]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stdout: await output,
    stderr,
  }));
  return {
    process: child,
    ended,
    async says(what) {
      while (!what.test(stderr)) await once(child.stderr, 'data');
    },
  };
}

const printing = 'console.log(JSON.stringify([process.argv.slice(2), process.cwd()]));';

suite('a command', () => {
  test('gets its arguments and the folder that it was called in, and its exit code is passed on', async () => {
    const root = await checkout({
      'src/cli/main.ts': `const code: number = 7;\n${printing}\nprocess.exitCode = code;`,
    });
    const { code, stdout, stderr } = await run(root, ['maesh', 'check', '-f', 'a b'], { cwd: '/' }).ended;
    assert.deepEqual([code, JSON.parse(stdout), stderr], [7, [['check', '-f', 'a b'], '/'], '']);
  });

  test('that npm was told to run sees the folder that npm was called in', async () => {
    const root = await checkout({ 'src/cli/main.ts': printing });
    const env = { npm_lifecycle_event: 'maesh', INIT_CWD: '/' };
    assert.deepEqual(JSON.parse((await run(root, ['maesh'], { cwd: root, env }).ended).stdout), [[], '/']);
  });

  test('of the project itself runs in the checkout', async () => {
    const root = await checkout({ 'tools/check.ts': printing });
    const { stdout } = await run(root, ['lint', 'src'], { cwd: '/' }).ended;
    assert.deepEqual(JSON.parse(stdout), [['--step', 'lint', 'src'], root]);
  });

  test('finds the programs of node_modules first', async () => {
    const root = await checkout({ 'src/cli/main.ts': "console.log(process.env['PATH']);" });
    const { stdout } = await run(root, ['maesh'], { env: { PATH: '/usr/bin:/bin' } }).ended;
    assert.equal(stdout, `${root}/node_modules/.bin:/usr/bin:/bin\n`);
  });

  const obedient = `
    process.on('SIGTERM', () => process.exit(3));
    process.on('SIGINT', () => process.exit(4));
    setInterval(() => {}, 1000);
    console.error('up');`;
  // A Node that can't become another program runs it as a child: so does one that has lost the means.
  const waysToRun = {
    'that Node has become': [],
    'that is a child': ['--import', 'data:text/javascript,process.execve=undefined'],
  };
  for (const [way, flags] of Object.entries(waysToRun)) {
    test(`${way} gets signals, and its end is the end`, async () => {
      const root = await checkout({ 'src/cli/main.ts': obedient });
      for (const [signal, code] of [
        ['SIGTERM', 3],
        ['SIGINT', 4],
      ] as const) {
        const started = run(root, ['maesh'], { flags });
        await started.says(/up/);
        started.process.kill(signal);
        assert.equal((await started.ended).code, code);
      }
    });
  }

  test('that nobody knows is told the commands', async () => {
    const { code, stderr } = await run(await checkout({}), ['mesh']).ended;
    assert.deepEqual(
      [code, stderr.replace(/[a-z:]+(?:\|[a-z:]+)+/, 'ONE|OTHER')],
      [1, 'maesh: Usage: node tools/run.mjs ONE|OTHER [ARGS]\n'],
    );
  });
});

suite('packages', () => {
  const wanted = {
    'node_modules/a': { version: '1.0.0', integrity: 'x' },
    'node_modules/b': { version: '1.0.0', integrity: 'y', os: ['none'], optional: true },
    'node_modules/c': { version: '1.0.0', integrity: 'z', os: [process.platform], optional: true },
    'node_modules/d': { version: '1.0.0', integrity: 'z', optional: true },
  };
  const installed = lockOf({
    'node_modules/a': wanted['node_modules/a'],
    'node_modules/c': wanted['node_modules/c'],
  });

  /** A checkout whose npm does what a script says, which finds what to install in \$INSTALLED. */
  async function withNpm(
    script: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ root: string; env: Record<string, string> }> {
    const root = await checkout({
      'package-lock.json': lockOf(wanted),
      'src/cli/main.ts': "console.log('done');",
      'bin/npm': `#!/bin/sh\necho "$@" >>calls\n${script}\n`,
      ...more,
    });
    await chmod(join(root, 'bin', 'npm'), 0o755);
    return { root, env: { PATH: `${root}/bin:${process.env['PATH'] ?? ''}`, INSTALLED: installed } };
  }

  const install = 'mkdir -p node_modules; printf %s "$INSTALLED" >node_modules/.package-lock.json';

  test('are installed once, with words about it on standard error only', async () => {
    const { root, env } = await withNpm(`echo from npm; ${install}`);
    const first = await run(root, ['maesh'], { env }).ended;
    assert.deepEqual([first.code, first.stdout], [0, 'done\n']);
    assert.match(
      first.stderr,
      /^maesh: installing 2 packages with npm ci .*\nfrom npm\nmaesh: packages installed in \d+ s\n$/,
    );
    const second = await run(root, ['maesh'], { env }).ended;
    assert.deepEqual([second.stdout, second.stderr], ['done\n', '']);
    assert.equal(
      await readFile(join(root, 'calls'), 'utf8'),
      'ci --include=dev --include=optional --loglevel=error\n',
    );
  });

  test('are installed again when package-lock.json wants another version', async () => {
    const older = installed.replace('1.0.0', '0.9.0');
    const { root, env } = await withNpm(install, { 'node_modules/.package-lock.json': older });
    assert.match((await run(root, ['maesh'], { env }).ended).stderr, /installing 1 packages/);
  });

  test('that two runs find missing are installed by one while the other waits', async () => {
    const { root, env } = await withNpm(`until [ -e go ]; do sleep 0.02; done; ${install}`);
    const one = run(root, ['maesh'], { env });
    await one.says(/installing/);
    const other = run(root, ['maesh'], { env });
    await other.says(/another set-up of this checkout is running: waiting for it/);
    await writeFile(join(root, 'go'), '');
    assert.deepEqual([(await one.ended).stdout, (await other.ended).stdout], ['done\n', 'done\n']);
    assert.equal((await readFile(join(root, 'calls'), 'utf8')).split('\n').length - 1, 1);
  });

  test('are installed by the next run when one was killed over it', async () => {
    const { root, env } = await withNpm(`[ -e go ] || exec tail -f /dev/null; ${install}`);
    const killed = run(root, ['maesh'], { env });
    await killed.says(/installing/);
    process.kill(-(killed.process.pid as number), 'SIGKILL');
    await killed.ended;
    await writeFile(join(root, 'go'), '');
    const next = await run(root, ['maesh'], { env }).ended;
    assert.equal(next.stdout, 'done\n');
    assert.doesNotMatch(next.stderr, /waiting/);
  });

  test('that npm fails to install or leaves out are an error with what to do, and the command is not run', async () => {
    const cases: readonly [npm: string, message: RegExp][] = [
      [
        'echo no network >&2; exit 5',
        /no network\nmaesh: npm ci failed \(5\); .*Check that the package registry can be reached/,
      ],
      [
        install.replace('$INSTALLED', '{\\"packages\\":{}}'),
        /maesh: npm ci left out a@1\.0\.0, c@1\.0\.0: check/,
      ],
    ];
    for (const [npm, message] of cases) {
      const { root, env } = await withNpm(npm);
      const { code, stdout, stderr } = await run(root, ['maesh'], { env }).ended;
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
    }
  });
});
