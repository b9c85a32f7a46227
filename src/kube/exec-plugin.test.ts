import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { accessRefusal, folderOf, kubeconfig } from '../../test/kit/access-files.ts';
import { resolveAccess, type AccessOptions } from './access.ts';
import type { Credentials } from './credentials.ts';
import { ExecPlugin } from './exec-plugin.ts';

async function credentialsOf(options: AccessOptions): Promise<Credentials> {
  return await (await resolveAccess(options)).credentials();
}

suite('credential plugins', () => {
  /** A kubeconfig with a plugin that is a shell script. */
  async function withPlugin(script: string, exec: object = {}, cluster?: object): Promise<string> {
    const plugin = `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`;
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', ...exec } };
    return await folderOf({ config: kubeconfig(user, cluster), plugin });
  }
  const answer = (status: object): string => `echo '${JSON.stringify({ kind: 'ExecCredential', status })}'`;

  test('give a token or a certificate, and are told what they are run for', async () => {
    const folder = await withPlugin(
      `echo "$KUBERNETES_EXEC_INFO" > info; echo "$MODE $1 $PARENT" > args; ${answer({ token: 'exec-token' })}`,
      { args: ['get'], env: [{ name: 'MODE', value: 'test' }], provideClusterInfo: true },
      {
        server: 'https://api.test',
        'certificate-authority-data': 'Q0E=',
        'tls-server-name': 'kube',
        'insecure-skip-tls-verify': true,
        'proxy-url': 'http://p.test',
        extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }],
      },
    );
    const credentials = await credentialsOf({
      kubeConfig: join(folder, 'config'),
      env: { PATH: process.env['PATH'], PARENT: 'ours' },
    });
    assert.deepEqual(credentials.headers, { authorization: 'Bearer exec-token' });
    assert.equal(await readFile(join(folder, 'args'), 'utf8'), 'test get ours\n');
    assert.deepEqual(JSON.parse(await readFile(join(folder, 'info'), 'utf8')), {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: {
          server: 'https://api.test',
          'tls-server-name': 'kube',
          'insecure-skip-tls-verify': true,
          'certificate-authority-data': 'Q0E=',
          'proxy-url': 'http://p.test',
          config: { audience: 'x' },
        },
      },
    });
    const certified = await withPlugin(answer({ clientCertificateData: 'CERT', clientKeyData: 'KEY' }));
    const { tls, headers } = await credentialsOf({ kubeConfig: join(certified, 'config'), env: process.env });
    assert.deepEqual([tls, headers], [{ cert: 'CERT', key: 'KEY' }, {}]);
  });

  test('run once for many, and again only when what they gave is refused', async () => {
    const folder = await withPlugin(`echo run >> runs; ${answer({ token: 't' })}`);
    const access = await resolveAccess({ kubeConfig: join(folder, 'config'), env: process.env });
    const all = await Promise.all(Array.from({ length: 5 }, () => access.credentials()));
    const runs = async (): Promise<number> =>
      (await readFile(join(folder, 'runs'), 'utf8')).split('\n').length - 1;
    assert.equal(await runs(), 1);
    for (const each of all) access.refused(each);
    await Promise.all(Array.from({ length: 5 }, () => access.credentials()));
    assert.equal(await runs(), 2);
  });

  for (const [what, script, exec, message] of [
    [
      'fails',
      'echo "log in again" >&2; exit 3',
      {},
      /\.\/plugin of kubeconfig config gave no credentials: it ended with 3, saying: log in again\. Run it/,
    ],
    ['prints nonsense', 'echo s3cret', {}, /it did not print an ExecCredential/],
    [
      'prints nothing of use',
      answer({ clientCertificateData: 'x' }),
      {},
      /neither a token nor a certificate with its key/,
    ],
    ['prints without end', 'exec yes', {}, /it prints too much/],
    [
      'is not there',
      '',
      { command: 'maesh-no-such-plugin', installHint: 'Install it by brew' },
      /there is no such program\. Install it by brew$/,
    ],
    ['can’t be started', '', { command: './config' }, /EACCES|it ended with|ENOEXEC/],
    ['wants a terminal', '', { interactiveMode: 'Always' }, /it wants a terminal/],
  ] as const satisfies readonly (readonly [string, string, object, RegExp])[]) {
    test(`one that ${what} is named, with what happened`, async () => {
      const folder = await withPlugin(script, exec);
      const text = await accessRefusal({ kubeConfig: join(folder, 'config'), env: process.env });
      assert.match(text, message);
      assert.doesNotMatch(text, /s3cret/);
    });
  }
});

test('what expires is replaced shortly before, also where it is short-lived', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const expiry = {
    kind: 'ExecCredential',
    status: { token: 't', expirationTimestamp: '2026-01-01T01:00:00Z' },
  };
  const plugin = new ExecPlugin({
    exec: { command: 'sh', args: ['-c', `echo '${JSON.stringify(expiry)}'`] },
    file: '/none',
    cluster: {},
    env: process.env,
    wallClock: () => now,
  });
  const first = await plugin.credential();
  now = Date.parse('2026-01-01T00:59:49Z');
  assert.equal(await plugin.credential(), first);
  now = Date.parse('2026-01-01T00:59:50Z');
  const second = await plugin.credential();
  assert.notEqual(second, first);
  now = Date.parse('2026-01-01T00:59:58Z');
  assert.equal(await plugin.credential(), second);
  now = Date.parse('2026-01-01T01:00:00Z');
  assert.notEqual(await plugin.credential(), second);
});

test('one that takes too long is not waited for, nor what it has started', async () => {
  const plugin = new ExecPlugin({
    exec: { command: 'sh', args: ['-c', 'sleep 1 & wait'] },
    file: '/none',
    cluster: {},
    env: process.env,
    timeoutMs: 20,
  });
  await assert.rejects(plugin.credential(), /it takes too long/);
});
