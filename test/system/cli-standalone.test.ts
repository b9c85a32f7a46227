// `maesh standalone` as a process: what it prints, and how it is ended. Whether the mesh works is other tests' matter.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { startMaesh, type RunningMaesh } from '../kit/run-maesh.ts';

const anyPorts = ['--httpPort', '0', '--dnsPort', '0', '--apiPort', '0', '--xdsPort', '0'];
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-standalone-'));
  await mkdir(join(folder, 'mesh'));
});

after(() => rm(folder, { recursive: true }));

/** Starts a mesh whose Envoys somebody else would start. */
function start(...flags: string[]): RunningMaesh {
  const all = ['--dir', 'mesh', '--envoy', 'external', '--stateDir', 'state', ...anyPorts, ...flags];
  return startMaesh(['standalone', ...all], { cwd: folder, env: { HOME: folder } });
}

describe('maesh standalone', () => {
  it('prints the ports in use, with calls that can be tried as they are', async () => {
    const mesh = start();
    const printed = await mesh.printed(/xDS.*\n/);
    const api = /API +(http:\S+)/.exec(printed)?.[1] ?? '';
    const answer = await fetch(`${api}/api/topology/current`);
    assert.equal(answer.status, 200);
    assert.match(printed, /^The mesh is ready\. Ctrl-C ends it\.\n {2}HTTP +http:\/\/127\.0\.0\.1:\d+ /);
    assert.match(printed, /\n {2}DNS +127\.0\.0\.1:\d+ +dig @127\.0\.0\.1 -p \d+ /);
    assert.match(printed, /\n {2}xDS +127\.0\.0\.1:(\d+) +maesh bootstrap --xdsPort \1\n$/);
    mesh.child.kill('SIGTERM');
    assert.equal((await mesh.result).code, 0);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends with success at ${signal}`, async () => {
      const mesh = start();
      await mesh.printed(/The mesh is ready/);
      mesh.child.kill(signal);
      const { code, stderr } = await mesh.result;
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`msg="Asked to end" signal=${signal}\n`));
    });
  }

  it('logs as it is told: JSON, and nothing below the level', async () => {
    const mesh = start('--logFormat', 'json', '--logLevel', 'INFO');
    await mesh.printed(/The mesh is ready/);
    mesh.child.kill('SIGTERM');
    const { stderr } = await mesh.result;
    const lines = stderr.trimEnd().split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
    assert.ok(messages.includes('Asked to end'), stderr);
    const quiet = start('--logLevel', 'fatal');
    await quiet.printed(/The mesh is ready/);
    quiet.child.kill('SIGTERM');
    assert.equal((await quiet.result).stderr, '');
  });

  it('says which configuration file its settings come from', async () => {
    const settings = ['dir: mesh', 'envoy: external', 'stateDir: state'];
    const ports = ['httpPort: 0', 'dnsPort: 0', 'apiPort: 0', 'xdsPort: 0'];
    await writeFile(join(folder, 'all.yaml'), [...settings, ...ports].join('\n'));
    const mesh = startMaesh(['standalone', '--configFile', 'all.yaml'], {
      cwd: folder,
      env: { HOME: folder },
    });
    await mesh.printed(/The mesh is ready/);
    mesh.child.kill('SIGTERM');
    const { code, stderr } = await mesh.result;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /msg="Settings read from a configuration file" file=all\.yaml\n/);
  });

  it('fails in one line where a path is not there', async () => {
    const { code, stdout, stderr } = await start('--dir', 'nowhere', '--logLevel', 'fatal').result;
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, 'maesh: nowhere; there is no such file or folder; name some that are there\n');
  });
});
