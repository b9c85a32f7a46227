import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { inspect } from 'node:util';

import { accessRefusal, folderOf, kubeconfig } from '../../test/kit/access-files.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { resolveAccess, type AccessOptions } from './access.ts';
import type { Credentials } from './credentials.ts';

async function credentialsOf(options: Partial<AccessOptions>): Promise<Credentials> {
  return await (await resolveAccess({ env: {}, ...options })).credentials();
}

async function ofKubeconfig(
  user: object,
  files: Readonly<Record<string, string | object>> = {},
): Promise<Credentials> {
  const folder = await folderOf({ config: kubeconfig(user), ...files });
  return await credentialsOf({ kubeConfig: join(folder, 'config') });
}

const inPod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

suite('resolveAccess() in a pod', () => {
  test('the service account counts, whatever else is given', async () => {
    const folder = await folderOf({
      token: 'pod-token\n',
      'ca.crt': 'CA',
      config: kubeconfig({ token: 'other' }),
    });
    const access = await resolveAccess({
      env: { ...inPod, KUBECONFIG: join(folder, 'config') },
      kubeConfig: join(folder, 'config'),
      masterURL: 'https://elsewhere',
      serviceAccountFolder: folder,
    });
    const { server, headers, tls } = await access.credentials();
    assert.equal(access.source, 'the service account of this pod');
    assert.equal(server.href, 'https://10.96.0.1/');
    assert.deepEqual(headers, { authorization: 'Bearer pod-token' });
    assert.deepEqual(tls, { ca: 'CA' });
  });

  test('what is named counts more where that is asked for, and the service account where nothing is', async () => {
    const folder = await folderOf({
      token: 'pod-token',
      'ca.crt': 'CA',
      config: kubeconfig({ token: 'other' }),
    });
    const common = { isPodFirst: false, serviceAccountFolder: folder };
    const kubeConfig = join(folder, 'config');
    const tokenOf = async (options: Partial<AccessOptions>): Promise<unknown> =>
      (await credentialsOf({ ...common, ...options })).headers['authorization'];
    assert.equal(await tokenOf({ env: inPod, kubeConfig }), 'Bearer other');
    assert.equal(await tokenOf({ env: { ...inPod, KUBECONFIG: kubeConfig } }), 'Bearer other');
    assert.equal(await tokenOf({ env: inPod, masterURL: 'localhost:8001' }), undefined);
    assert.equal(await tokenOf({ env: inPod }), 'Bearer pod-token');
  });

  test('an IPv6 address of the server stands in brackets', async () => {
    const folder = await folderOf({ token: 't', 'ca.crt': 'CA' });
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const { server } = await credentialsOf({ env, serviceAccountFolder: folder });
    assert.equal(server.href, 'https://[fd00::1]:6443/');
  });

  test('a rotated token and authority are read again: after a while, or at once when the old ones are refused', async () => {
    const clock = new FakeClock();
    const folder = await folderOf({ token: 'first', 'ca.crt': 'CA1' });
    const access = await resolveAccess({ env: inPod, serviceAccountFolder: folder, clock });
    await writeFile(join(folder, 'token'), 'second');
    const first = await access.credentials();
    assert.equal(first.headers['authorization'], 'Bearer first');
    clock.advance(10_000);
    const second = await access.credentials();
    assert.equal(second.headers['authorization'], 'Bearer second');
    assert.equal(second.connectionId, first.connectionId);
    await writeFile(join(folder, 'ca.crt'), 'CA2');
    access.refused(second);
    const third = await access.credentials();
    assert.deepEqual(third.tls, { ca: 'CA2' });
    assert.notEqual(third.connectionId, first.connectionId);
    assert.ok(!third.equals(second) && third.equals(await access.credentials()));
  });

  test('a token that is gone for a moment stays as it was', async () => {
    const folder = await folderOf({ token: 'first', 'ca.crt': 'CA' });
    const access = await resolveAccess({ env: inPod, serviceAccountFolder: folder, freshMs: 0 });
    await rm(join(folder, 'token'));
    assert.equal((await access.credentials()).headers['authorization'], 'Bearer first');
  });

  test('a pod without a service account is told so', async () => {
    const folder = await folderOf({ 'ca.crt': 'CA' });
    assert.match(
      await accessRefusal({ env: inPod, serviceAccountFolder: folder }),
      /^Cannot read token: ENOENT: no such file or directory\. KUBERNETES_SERVICE_HOST .*automountServiceAccountToken/,
    );
  });
});

suite('resolveAccess() by address', () => {
  test('an address alone has no credentials', async () => {
    const access = await resolveAccess({ env: {}, masterURL: 'localhost:8001' });
    const credentials = await access.credentials();
    access.refused(credentials);
    assert.equal(credentials.server.href, 'http://localhost:8001/');
    assert.deepEqual([credentials.headers, credentials.tls], [{}, {}]);
    assert.equal(access.source, 'the address localhost:8001');
  });

  test('what is no address, and no way at all, are refused with what to do', async () => {
    assert.match(
      await accessRefusal({ masterURL: 'ftp://x' }),
      /^ftp:\/\/x is no address of an API server: give it as https/,
    );
    assert.match(await accessRefusal({ masterURL: 'a b' }), /^a b is no address/);
    assert.match(
      await accessRefusal({}),
      /^Nothing says how .*--kubeConfig or KUBECONFIG, or an address by --masterURL/,
    );
  });
});

suite('resolveAccess() by kubeconfig', () => {
  test('a token, a password, a certificate, and whom to act for', async () => {
    const pem = (text: string): string => Buffer.from(text).toString('base64');
    assert.deepEqual((await ofKubeconfig({ token: 't' })).headers, { authorization: 'Bearer t' });
    assert.deepEqual((await ofKubeconfig({ username: 'me', password: 'pw' })).headers, {
      authorization: `Basic ${Buffer.from('me:pw').toString('base64')}`,
    });
    const data = { 'client-certificate-data': pem('CERT'), 'client-key-data': pem('KEY') };
    assert.deepEqual((await ofKubeconfig(data)).tls, { cert: 'CERT', key: 'KEY' });
    const files = { 'client-certificate': 'me.crt', 'client-key': 'me.key' };
    const named = await ofKubeconfig(files, { 'me.crt': 'CERT2', 'me.key': 'KEY2' });
    assert.deepEqual(named.tls, { cert: 'CERT2', key: 'KEY2' });
    const acting = await ofKubeconfig({ token: 't', as: 'jane', 'as-uid': '7', 'as-groups': ['a', 'b'] });
    assert.deepEqual(acting.headers, {
      authorization: 'Bearer t',
      'impersonate-user': 'jane',
      'impersonate-uid': '7',
      'impersonate-group': ['a', 'b'],
    });
    assert.deepEqual((await ofKubeconfig({})).headers, {});
  });

  test('the cluster’s TLS, path and proxy', async () => {
    const cluster = {
      server: 'https://rancher.test/k8s/clusters/c-1/',
      'certificate-authority': 'ca.pem',
      'tls-server-name': 'kubernetes',
      'insecure-skip-tls-verify': true,
      'proxy-url': 'http://proxy.test:3128',
    };
    const folder = await folderOf({ config: kubeconfig({ token: 't' }, cluster), 'ca.pem': 'CA' });
    const credentials = await credentialsOf({ kubeConfig: join(folder, 'config') });
    assert.equal(credentials.server.href, 'https://rancher.test/k8s/clusters/c-1/');
    assert.deepEqual(credentials.tls, { ca: 'CA', servername: 'kubernetes', rejectUnauthorized: false });
    assert.equal(credentials.proxyUrl, 'http://proxy.test:3128');
  });

  test('--masterURL stands in for the server of the file', async () => {
    const folder = await folderOf({
      config: kubeconfig({ token: 't' }, { 'certificate-authority-data': 'Q0E=' }),
    });
    const kubeConfig = join(folder, 'config');
    const { server, tls } = await credentialsOf({ kubeConfig, masterURL: '10.0.0.1:6443' });
    assert.equal(server.href, 'https://10.0.0.1:6443/');
    assert.deepEqual(tls, { ca: 'CA' });
    assert.match(
      await accessRefusal({ kubeConfig }),
      /^The cluster of context here in kubeconfig config has no server\./,
    );
  });

  test('a tokenFile counts before a token, and is read again', async () => {
    const folder = await folderOf({ config: kubeconfig({ token: 'old', tokenFile: 'token' }), token: 'a\n' });
    const access = await resolveAccess({ env: {}, kubeConfig: join(folder, 'config') });
    const first = await access.credentials();
    assert.equal(first.headers['authorization'], 'Bearer a');
    await writeFile(join(folder, 'token'), 'b');
    access.refused(first);
    assert.equal((await access.credentials()).headers['authorization'], 'Bearer b');
  });

  test('of several files the first to say something counts, paths are relative to their file, missing ones are left out', async () => {
    const one = await folderOf({
      config: {
        'current-context': 'two',
        users: [{ name: 'u', user: { tokenFile: 'token' } }],
      },
      token: 'of one',
    });
    const two = await folderOf({
      config: {
        'current-context': 'other',
        contexts: [{ name: 'two', context: { cluster: 'c', user: 'u' } }, { name: 'other' }],
        users: [{ name: 'u', user: { token: 'of two' } }],
        clusters: [{ name: 'c', cluster: { server: 'https://two.test', 'certificate-authority': 'ca' } }],
      },
      ca: 'CA of two',
    });
    const list = `${one}/config::${one}/none:${two}/config`;
    for (const options of [
      { env: { KUBECONFIG: list } },
      { kubeConfig: list, env: { KUBECONFIG: '/none' } },
    ]) {
      const credentials = await credentialsOf(options);
      assert.equal(credentials.server.host, 'two.test');
      assert.equal(credentials.headers['authorization'], 'Bearer of one');
      assert.deepEqual(credentials.tls, { ca: 'CA of two' });
    }
  });

  test('a changed file is followed, and one that is half-written leaves what it said before', async () => {
    const folder = await folderOf({ config: kubeconfig({ token: 'a' }) });
    const kubeConfig = join(folder, 'config');
    const access = await resolveAccess({ env: {}, kubeConfig, freshMs: 0 });
    await writeFile(kubeConfig, '{"clusters": [');
    assert.equal((await access.credentials()).headers['authorization'], 'Bearer a');
    await writeFile(kubeConfig, JSON.stringify(kubeconfig({ token: 'b' }, { server: 'https://new.test' })));
    const { headers, server } = await access.credentials();
    assert.deepEqual([headers['authorization'], server.host], ['Bearer b', 'new.test']);
  });

  test('the token of a login by OpenID Connect is used as it is; other providers can’t be', async () => {
    const provider = { name: 'oidc', config: { 'id-token': 'idt', 'refresh-token': 'secret' } };
    assert.equal((await ofKubeconfig({ 'auth-provider': provider })).headers['authorization'], 'Bearer idt');
    const folder = await folderOf({ config: kubeconfig({ 'auth-provider': { name: 'gcp' } }) });
    assert.match(
      await accessRefusal({ kubeConfig: join(folder, 'config') }),
      /^Kubeconfig config has an auth-provider gcp that gives Maesh no token\. .*exec/,
    );
  });

  for (const [what, content, message] of [
    ['no YAML', 'users:\n- name: "u\n', /^Kubeconfig config is no YAML \(line \d: .*\)\. Mend it/],
    ['a list', '- a', /^Kubeconfig config can't be understood: the file: Invalid input: expected object/],
    [
      'wrong types',
      kubeconfig({ token: 7 }),
      /^Kubeconfig config can't be understood: users\.0\.user\.token: .*string/,
    ],
    ['nothing', '', /^Kubeconfig config has no current-context\. .*: none$/],
    ['no current context', { contexts: [{ name: 'b' }, { name: 'a' }] }, /use-context: a, b$/],
    [
      'a context that is not there',
      { 'current-context': 'x' },
      /^The current-context of config is x, and kubeconfig has no/,
    ],
    [
      'a cluster that is not there',
      { ...kubeconfig({}), clusters: [{ name: 'd', cluster: {} }] },
      /^The cluster of context here of config is c, and kubeconfig has no such entry\. It has d: mend either/,
    ],
    [
      'a context without a cluster',
      { ...kubeconfig({}), contexts: [{ name: 'here', context: { user: 'u' } }] },
      /^The cluster of context here of config is not given/,
    ],
    [
      'a user that is not there',
      { ...kubeconfig({}), users: null },
      /^The user of context here of config is u/,
    ],
    [
      'a certificate that is not there',
      kubeconfig({ 'client-certificate': 'x.crt' }),
      /^Cannot read x\.crt: ENOENT.*client-certificate/,
    ],
    [
      'a token file that is not there',
      kubeconfig({ tokenFile: 'x' }),
      /^Cannot read x: ENOENT.*names it as tokenFile/,
    ],
    [
      'a proxy that can’t be used',
      kubeconfig({}, { server: 'https://a', 'proxy-url': 'socks5://p' }),
      /proxy-url that is neither/,
    ],
  ] as const satisfies readonly (readonly [string, string | object, RegExp])[]) {
    test(`a file with ${what} is refused, with what is wrong and where`, async () => {
      const folder = await folderOf({ config: content });
      assert.match(await accessRefusal({ kubeConfig: join(folder, 'config') }), message);
    });
  }

  test('files that are not there, or are none, are refused', async () => {
    const folder = await folderOf({});
    assert.match(
      await accessRefusal({ kubeConfig: join(folder, 'none') }),
      /^Cannot read kubeconfig none: ENOENT/,
    );
    assert.match(await accessRefusal({ kubeConfig: folder }), /^Cannot read kubeconfig \S+: EISDIR/);
  });

  test('a context without a user is anonymous', async () => {
    const config = { ...kubeconfig({}), contexts: [{ name: 'here', context: { cluster: 'c' } }] };
    const folder = await folderOf({ config });
    assert.deepEqual((await credentialsOf({ kubeConfig: join(folder, 'config') })).headers, {});
  });

  test('no secret shows in errors, or when credentials are printed', async () => {
    const broken = await folderOf({ config: 'users:\n  token: s3cret\n bad: [s3cret' });
    assert.doesNotMatch(await accessRefusal({ kubeConfig: join(broken, 'config') }), /s3cret/);
    const credentials = await ofKubeconfig({
      token: 's3cret',
      'client-key-data': Buffer.from('s3cret').toString('base64'),
    });
    for (const shown of [inspect(credentials, { depth: 9, showHidden: true }), JSON.stringify(credentials)]) {
      assert.doesNotMatch(shown, /s3cret/);
    }
    assert.equal(inspect(credentials), 'Credentials { server: https://api.test:6443/ }');
    assert.equal(JSON.stringify({ credentials }), '{"credentials":{"server":"https://api.test:6443/"}}');
  });
});
