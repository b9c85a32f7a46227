// `maesh` without a command as a process: where its settings come from, how it is ended, and how it fails. Whether the
// mesh works is other tests' matter.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

import { heapFlags } from '../../src/cli/heap.ts';
import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { runMaesh, startMaesh, type RunningMaesh } from '../kit/run-maesh.ts';

// Nothing can listen on port 0.
const noServer = 'http://127.0.0.1:0';
const anyPorts = ['--apiHost', '127.0.0.1', '--apiPort', '0', '--xdsPort', '0'];
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-controller-'));
});

after(() => rm(folder, { recursive: true }));

/** Starts a controller that waits for its API server. */
function start(...flags: string[]): RunningMaesh {
  return startMaesh(['--masterURL', noServer, ...anyPorts, ...flags], { cwd: folder, env: { HOME: folder } });
}

describe('maesh without a command', () => {
  it('waits for an API server that is not there, and ends with success when it is asked to', async () => {
    const controller = start('--logLevel', 'info');
    await controller.printed(/127\.0\.0\.1:0/, 'stderr');
    controller.child.kill('SIGTERM');
    const { code, stdout, stderr } = await controller.result;
    assert.deepEqual([code, stdout], [0, ''], stderr);
    assert.match(stderr, /msg="Asked to end" signal=SIGTERM\n/);
  });

  it('keeps its heap small, however it is started', async () => {
    const controller = start();
    await controller.printed(/127\.0\.0\.1:0/, 'stderr');
    const commandLine = await readFile(`/proc/${controller.child.pid}/cmdline`, 'utf8');
    controller.child.kill('SIGTERM');
    for (const flag of heapFlags) assert.ok(commandLine.split('\0').includes(flag), commandLine);
    assert.equal((await controller.result).code, 0);
  });

  it('takes its settings from a configuration file, and logs as it says', async () => {
    const ports = ['apiHost: 127.0.0.1', 'apiPort: 0', 'xdsPort: 0'];
    const log = ['logLevel: info', 'logFormat: json'];
    await writeFile(join(folder, 'all.yaml'), [`masterURL: ${noServer}`, ...ports, ...log].join('\n'));
    const controller = startMaesh(['--configFile', 'all.yaml'], { cwd: folder });
    await controller.printed(/127\.0\.0\.1:0/, 'stderr');
    controller.child.kill('SIGINT');
    const { code, stderr } = await controller.result;
    assert.equal(code, 0, stderr);
    const lines = stderr.trimEnd().split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
    assert.equal(messages[0], 'Settings read from a configuration file');
  });

  it('takes its settings from the environment where it has no argument at all', async () => {
    const env = { MAESH_MASTERURL: noServer, MAESH_APIPORT: '0', MAESH_XDSPORT: '0', MAESH_LOGLEVEL: 'info' };
    const controller = startMaesh([], { cwd: folder, env });
    await controller.printed(/127\.0\.0\.1:0/, 'stderr');
    controller.child.kill('SIGTERM');
    assert.equal((await controller.result).code, 0);
  });

  for (const flag of ['--apiPort', '--xdsPort']) {
    it(`fails in one line where the port of ${flag} is taken`, async () => {
      const holder = createServer().listen(0);
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      const { code, stdout, stderr } = await start(flag, String(port), '--logLevel', 'fatal').result;
      holder.close();
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, new RegExp(`^maesh: \\S.*:${port} .*; .*\n$`));
    });
  }

  it('fails in one line where the kubeconfig is not there', async () => {
    const { code, stdout, stderr } = await runMaesh(['--kubeConfig', 'nowhere', ...anyPorts], {
      cwd: folder,
    });
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      'maesh: Cannot read kubeconfig nowhere: ENOENT: no such file or directory. Name one that is there by ' +
        '--kubeConfig or KUBECONFIG\n',
    );
  });

  it('fails in one line where the pod has no account', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };
    const { code, stderr } = await runMaesh(anyPorts, { cwd: folder, env });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^maesh: Cannot read \/var\/run\/secrets\/.*: let automountServiceAccountToken be true.*\n$/,
    );
  });
});

describe('maesh without a command, in a cluster that is there', () => {
  let plane: ControlPlane;
  let objects: KubeObjects;

  before(async () => {
    plane = await startControlPlane();
    objects = new KubeObjects(plane.admin);
    await objects.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'maesh' } });
  });

  after(async () => {
    objects[Symbol.dispose]();
    await plane.stop();
  });

  /** Starts a controller and waits until it leads and is ready. */
  async function startReady(env: Readonly<Record<string, string>> = {}): Promise<RunningMaesh> {
    const controller = startMaesh([...anyPorts, '--logLevel', 'info'], {
      cwd: folder,
      env: { HOME: folder, KUBECONFIG: plane.kubeconfig, ...env },
    });
    await controller.printed(/msg="The mesh is ready"/, 'stderr');
    await controller.printed(/msg="This replica leads"/, 'stderr');
    return controller;
  }

  it('says that it is ready, and ends with success when it is asked to', async () => {
    const controller = await startReady();
    controller.child.kill('SIGTERM');
    const { code, stderr } = await controller.result;
    assert.equal(code, 0, stderr);
  });

  for (const what of ['reading', 'translation']) {
    it(`ends in order and with failure where a defect stops its ${what} later`, async () => {
      const preload = `--import ${pathToFileURL(join(import.meta.dirname, '../kit/break-later.ts')).href}`;
      const controller = await startReady({ NODE_OPTIONS: preload, BREAK_LATER: what });
      const metadata = { name: `shop-${what}`, namespace: 'store' };
      const shop = { apiVersion: 'v1', kind: 'Service', metadata };
      await objects.apply({ ...shop, spec: { ports: [{ name: 'web', port: 80 }] } });
      await controller.printed(/msg="Wrote a shadow Service"/, 'stderr');
      controller.child.kill('SIGUSR2');
      await controller.printed(/^broken$/m, 'stderr');
      await objects.apply({ ...shop, spec: { ports: [{ name: 'web', port: 81 }] } });
      const { code, stderr } = await controller.result;
      assert.equal(code, 1, stderr);
      assert.match(stderr, /msg="This replica leads no more: it gave its Lease back"/);
      assert.match(stderr, /\nmaesh: an injected defect; nobody expected this; .*\n$/);
    });
  }
});
