import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { gone, isRunning } from '../../test/kit/running.ts';
import { spawnTethered } from './tether.ts';

/** Starts a program on a tether in a process of its own, whose id is `owner`; `program` is the program's. */
async function ownedByAnother(script: string): Promise<{ owner: number; program: number }> {
  const code = `
    import { spawnTethered } from ${JSON.stringify(import.meta.resolve('./tether.ts'))};
    const { process: child, stderr } = spawnTethered('sh', ['-c', ${JSON.stringify(script)}]);
    stderr.once('data', () => console.log(child.pid));`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  return { owner: owner.pid as number, program: Number(line) };
}

test('a program is killed when the process that started it is', async () => {
  // The program ignores what can be ignored.
  const { owner, program } = await ownedByAnother(
    'trap "" TERM INT HUP; echo up >&2; while sleep 0.05; do :; done',
  );
  assert.ok(await isRunning(program));
  process.kill(owner, 'SIGKILL');
  await gone(program, 1_000);
});

test("a program leads a group of its own, so that a terminal's Ctrl-C does not reach it", async () => {
  const { process: child } = spawnTethered('sleep', ['100']);
  const group = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2];
  assert.equal(Number(group), child.pid);
  child.kill();
  await once(child, 'close');
});

test('the exit code, the signal and standard error are those of the program', async () => {
  const failing = spawnTethered('sh', ['-c', 'echo "$1" >&2; exit 7', 'sh', "it's so"]);
  assert.deepEqual(await Promise.all([text(failing.stderr), once(failing.process, 'close')]), [
    "it's so\n",
    [7, null],
  ]);

  const stopped = spawnTethered('sleep', ['100']);
  stopped.process.kill('SIGTERM');
  assert.deepEqual(await once(stopped.process, 'close'), [null, 'SIGTERM']);
});

test('a program that is not there ends with code 127 and says so', async () => {
  const missing = spawnTethered('/nowhere/program', []);
  const [said, end] = await Promise.all([text(missing.stderr), once(missing.process, 'close')]);
  assert.deepEqual(end, [127, null]);
  assert.match(said, /\/nowhere\/program.*not found/);
});
