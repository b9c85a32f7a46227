// Help as users see it, compared with test/golden-cli. `UPDATE_GOLDEN=1 node --test test/system/cli-help.test.ts` writes
// it anew; read the difference before you commit it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { subcommandNames } from '../../src/cli/command-list.ts';
import { runMaesh } from '../kit/run-maesh.ts';

const golden = join(import.meta.dirname, '..', 'golden-cli');

async function assertGolden(name: string, shown: string): Promise<void> {
  const path = join(golden, `${name}.txt`);
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, shown);
  assert.equal(shown, await readFile(path, 'utf8'));
}

/** Told to Node, it makes the program say which generated files it loads. */
const watchLoads = `
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (url.includes('/src/gen/')) process.stderr.write('loads ' + url + '\\n');
      return next(url, context);
    },
  });
`;

describe('what needs no mesh', () => {
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watchLoads)}` };

  const calls = [[], ['--help'], ['standalone', '--help'], ['version'], ['standalone', '--httpPort', 'x']];
  for (const args of calls) {
    it(
      `is answered without loading Envoy's API, which takes longer than all else: maesh ${args.join(' ')}`.trimEnd(),
      async () => {
        assert.doesNotMatch((await runMaesh(args, { env })).stderr, /^loads /m);
      },
    );
  }

  it('is told from what needs one', async () => {
    assert.match((await runMaesh(['bootstrap'], { env })).stderr, /^loads .*bootstrap_pb\.ts$/m);
  });
});

describe('help', () => {
  it('of the program shows its flags, their defaults and variables, examples, and the commands', async () => {
    const { code, stdout, stderr } = await runMaesh(['--help']);
    assert.deepEqual([code, stderr], [0, '']);
    await assertGolden('maesh', stdout);
  });

  for (const name of subcommandNames) {
    it(`of ${name} shows its flags, their defaults and variables, and examples`, async () => {
      const { code, stdout, stderr } = await runMaesh([name, '--help']);
      assert.deepEqual([code, stderr], [0, '']);
      await assertGolden(name, stdout);
    });
  }

  it('of the program is the same however it is asked for', async () => {
    const [long, short, asked] = await Promise.all([
      runMaesh(['--HELP']),
      runMaesh(['--acl=false', '-h']),
      runMaesh(['help']),
    ]);
    assert.deepEqual(short, long);
    assert.deepEqual(asked, long);
  });

  it('of a command is the same however it is asked for', async () => {
    const [long, short, asked] = await Promise.all([
      runMaesh(['check', '--HELP']),
      runMaesh(['check', '-h']),
      runMaesh(['help', 'check']),
    ]);
    assert.deepEqual(short, long);
    assert.deepEqual(asked, long);
  });

  it('has colours on demand', async () => {
    const { stdout } = await runMaesh(['--help'], { env: { FORCE_COLOR: '1' } });
    assert.ok(stdout.includes('\u001b[1mUsage:'), JSON.stringify(stdout.slice(0, 40)));
    const { stdout: plain } = await runMaesh(['--help'], { env: { NO_COLOR: '1' } });
    assert.ok(!plain.includes('\u001b'));
  });
});
