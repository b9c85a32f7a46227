// The annotations tls-server-name, tls-ca and tls-verify, through a real Envoy: whom it believes to be the pod.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import type { PortPolicy } from '../../src/model/policy.ts';
import type { Backend } from '../kit/backends/backend.ts';
import { startHttpsBackend } from '../kit/backends/https.ts';
import { sendHttp, type HttpAnswer } from '../kit/clients/http.ts';
import { firstPort, startStaticMesh, type StaticMesh } from '../kit/static-mesh.ts';
import { meshService } from '../kit/topologies.ts';

const address = '127.109.7.1';
const certificates = new URL('../kit/backends/', import.meta.url);
/** In whose name the backend's certificate is made. */
const serverName = 'maesh-test-backend';

describe('an HTTPS port', () => {
  let backend: Backend;
  let mesh: StaticMesh;
  let policies: Readonly<Record<string, NonNullable<PortPolicy['tls']>>>;
  before(async () => {
    const read = (file: string): Promise<string> => readFile(new URL(file, certificates), 'utf8');
    const [own, other] = await Promise.all([read('https-cert.pem'), read('other-ca-cert.pem')]);
    policies = {
      plain: {},
      named: { serverName: 'shop.example.com' },
      trusting: { serverName, trusted: { pem: own } },
      trustingBoth: { serverName, trusted: { pem: `# the old one\n${other}\n# the new one\n${own}` } },
      trustingAnother: { serverName, trusted: { pem: other } },
      trustingAnotherName: { trusted: { pem: own } },
      trustingNobody: { serverName, trusted: 'nobody' },
    };
    backend = await startHttpsBackend({ name: 'tls-1', address: '127.109.7.2' });
    const ports = Object.values(policies).map((tls, index) => ({
      port: 80 + index,
      meshPort: firstPort.http + index,
      upstreamTls: true,
      endpoints: [backend],
      policy: { tls },
    }));
    mesh = await startStaticMesh(address, [meshService('store/shop', ports)]);
  });
  after(async () => {
    await mesh[Symbol.asyncDispose]();
    await backend.close();
  });
  const send = (policy: string): Promise<HttpAnswer> =>
    sendHttp({ address, port: firstPort.http + Object.keys(policies).indexOf(policy) });

  test('believes every certificate by default, and says the name of the service', async () => {
    const { status, headers } = await send('plain');
    assert.deepEqual([status, headers['served-sni']], [200, 'shop.store.svc']);
  });

  test('says the name that is asked for', async () => {
    const { status, headers } = await send('named');
    assert.deepEqual([status, headers['served-sni']], [200, 'shop.example.com']);
  });

  test('believes a certificate that is signed by one of those trusted, and made for the name', async () => {
    assert.equal((await send('trusting')).status, 200);
    assert.equal((await send('trustingBoth')).status, 200);
  });

  test('sends nothing where somebody else has signed the certificate, or it is made for another name', async () => {
    const served = backend.served();
    for (const policy of ['trustingAnother', 'trustingAnotherName', 'trustingNobody']) {
      assert.equal((await send(policy)).status, 503, policy);
    }
    assert.equal(backend.served(), served);
  });
});
