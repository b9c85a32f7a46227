import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { recordedLog, type RecordedLog } from '../../test/kit/recorded-log.ts';
import { gone, isRunning } from '../../test/kit/running.ts';
import { systemClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { findEnvoy } from './find-envoy.ts';
import { superviseEnvoy, type EnvoyExit, type SuperviseOptions } from './supervise.ts';

const folder = await mkdtemp(join(tmpdir(), 'maesh-supervise-'));
after(() => rm(folder, { recursive: true }));

const { path: envoy } = await findEnvoy({ log: silentLog });

/** A bootstrap that opens nothing but the admin interface, on any free port. */
const bootstrap = (): object => ({
  node: { id: 'test', cluster: 'test' },
  admin: { address: { socket_address: { address: '127.84.0.1', port_value: 0 } } },
});

interface Running extends RecordedLog {
  /** Ids of the processes started so far. */
  readonly pids: readonly number[];
  readonly exits: readonly EnvoyExit[];
  /** Resolves when the n-th process (1-based) is started. */
  started(count: number): Promise<number>;
  stop(): Promise<void>;
}

function supervise(options: Partial<SuperviseOptions>): Running {
  const recorded = recordedLog();
  const controller = new AbortController();
  const pids: number[] = [];
  const exits: EnvoyExit[] = [];
  const events = new EventTarget();
  const supervisor = superviseEnvoy({
    binary: envoy,
    bootstrap,
    workDir: join(folder, 'work'),
    concurrency: 1,
    log: recorded.log,
    onExit: (exit) => exits.push(exit),
    ...options,
    onStart: (pid) => {
      pids.push(pid);
      options.onStart?.(pid);
      events.dispatchEvent(new Event('start'));
    },
  });
  const running = supervisor.run(controller.signal);
  return {
    ...recorded,
    pids,
    exits,
    async started(count) {
      while (pids.length < count) await once(events, 'start');
      return pids[count - 1] as number;
    },
    async stop() {
      controller.abort();
      await running;
    },
  };
}

let scripts = 0;

/** An executable that behaves as Envoy rarely does. */
async function script(text: string): Promise<string> {
  const path = join(folder, `script-${scripts++}`);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

test('Envoy runs until the signal aborts, then it is gone', async () => {
  const running = supervise({ envoyLogLevel: 'info' });
  const pid = await running.started(1);
  await running.line(/starting main dispatch loop/);
  await running.stop();
  assert.equal(await isRunning(pid), false);
  assert.deepEqual(
    running.exits.map(({ code, signal, lastWords }) => ({ code, signal, lastWords })),
    [{ code: 0, signal: null, lastWords: [] }],
  );
  assert.deepEqual(
    running.lines.filter(({ level }) => level === 'error'),
    [],
  );
});

test('an Envoy that is killed is started again', async () => {
  const running = supervise({ envoyLogLevel: 'info' });
  const first = await running.started(1);
  await running.line(/starting main dispatch loop/);
  process.kill(first, 'SIGKILL');
  const second = await running.started(2);
  assert.ok(await isRunning(second));
  const told = await running.line(/^Envoy ended/);
  assert.equal(told.level, 'warn');
  assert.match(told.message, /^Envoy ended by SIGKILL after \d+ ms; it is started again in 100 ms$/);
  await running.stop();
  assert.equal(await isRunning(second), false);
});

test('Envoy is gone within a second when its supervisor is killed', async () => {
  const code = `
    import { superviseEnvoy } from ${JSON.stringify(import.meta.resolve('./supervise.ts'))};
    import { silentLog } from ${JSON.stringify(import.meta.resolve('../runtime/log.ts'))};
    superviseEnvoy({
      binary: ${JSON.stringify(envoy)}, bootstrap: () => (${JSON.stringify(bootstrap())}), concurrency: 1, log: silentLog,
      workDir: ${JSON.stringify(join(folder, 'killed'))}, onStart: (pid) => console.log(pid),
    }).run(new AbortController().signal);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  owner.kill('SIGKILL');
  await gone(Number(line), 1_000);
});

test("a bootstrap that Envoy refuses is told in Envoy's own words, at every try", async () => {
  const running = supervise({ bootstrap: () => ({ nodes: {} }) });
  await running.started(3);
  const again = await running.line(/again in 200 ms/);
  assert.equal(again.level, 'error', 'a second failure needs somebody to act');
  assert.match(again.message, /^Envoy ended with code 1 /);
  assert.match(String(again.fields['lastWords']), /no\s+such\s+field:\s+'nodes'/);
  await running.stop();
});

test('a binary that is not there is told, and abort ends the wait for the next try', async () => {
  const clock = new FakeClock();
  const running = supervise({ binary: '/nowhere/envoy', clock });
  const told = await running.line(/^Envoy ended with code 127/);
  assert.match(String(told.fields['lastWords']), /\/nowhere\/envoy.*not found/);
  // The clock stands still, so that only the signal can end the wait.
  await running.stop();
  assert.equal(running.pids.length, 1);
});

test('a system that starts no process is told, and tried again', async (t) => {
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = '/nowhere';
  const running = supervise({});
  const told = await running.line(/again in 200 ms$/);
  assert.equal(told.message, 'Envoy could not be started; it is started again in 200 ms');
  assert.deepEqual(told.fields, { lastWords: 'spawn sh ENOENT' });
  await running.stop();
});

test('the wait doubles up to ten seconds, and begins anew after half a minute of life', async () => {
  let now = 0;
  const waits: number[] = [];
  const lives = [...Array<number>(9).fill(10), 30_000, 10];
  const running = supervise({
    binary: await script('exit 3'),
    clock: {
      now: () => now,
      after(delayMs, action) {
        waits.push(delayMs);
        return systemClock.after(0, action);
      },
    },
    onStart: () => (now += lives.shift() ?? 0),
  });
  await running.started(12);
  await running.stop();
  assert.deepEqual(waits.slice(0, 11), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 100, 200]);
});

test('an Envoy that does not end when asked is killed after the grace', async () => {
  const binary = await script('trap "" TERM; echo deaf >&2; while sleep 0.01; do :; done');
  const running = supervise({ binary, graceMs: 50 });
  await running.line(/^deaf$/);
  await running.stop();
  assert.equal(running.exits[0]?.signal, 'SIGKILL');
  assert.equal(await isRunning(await running.started(1)), false);
});

test('a run whose signal has aborted starts nothing', async () => {
  const pids: number[] = [];
  const log = silentLog;
  const supervisor = superviseEnvoy({
    binary: envoy,
    bootstrap,
    workDir: folder,
    concurrency: 1,
    log,
    onStart: (pid) => pids.push(pid),
  });
  await supervisor.run(AbortSignal.abort());
  assert.deepEqual(pids, []);
});

test('an Envoy that may not open enough sockets gets fewer workers, down to one', async () => {
  const calls = join(folder, 'calls');
  const running = supervise({
    binary: await script(
      `echo "$4" >>${calls}; echo 'error|envoy_bug|socket(2) failed, got error: Too many open files' >&2; exit 134`,
    ),
    concurrency: 4,
    clock: { now: () => 0, after: (_, action) => systemClock.after(0, action) },
  });
  await running.started(5);
  await running.stop();
  assert.match(await readFile(calls, 'utf8'), /^4\n2\n1\n1\n/);
  const told = running.lines.filter(({ message }) => message.startsWith('Envoy may not open'));
  assert.deepEqual(
    told.slice(0, 3).map(({ level, message, fields }) => [level, message, fields['workers']]),
    [
      ['error', 'Envoy may not open as many sockets as its workers need: it gets fewer workers', 2],
      ['error', 'Envoy may not open as many sockets as its workers need: it gets fewer workers', 1],
      ['error', 'Envoy may not open as many sockets as the mesh needs', 1],
    ],
  );
});
