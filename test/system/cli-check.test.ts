// `maesh check` as a user runs it, before API servers that real ones can't be made to be on command.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { FakeApiServer } from '../kit/fake-api-server.ts';
import { runMaesh } from '../kit/run-maesh.ts';

it('maesh check asks an API server again that is too busy, when it is told to', async () => {
  await using server = await FakeApiServer.start();
  const versions = (): number => server.requests.filter(({ url }) => url.pathname === '/version').length;
  server.fault = ({ url }) => {
    if (url.pathname !== '/version') return undefined;
    if (versions() === 1) return { kind: 'answer', status: 429, headers: { 'retry-after': '1' } };
    return { kind: 'answer', status: 200, body: { major: '1', minor: '34', gitVersion: 'v1.34.0' } };
  };
  const { code, stdout, stderr } = await runMaesh(['check', '--masterURL', server.url]);
  assert.match(stdout, /^ok +the API server answers: http/m, stderr);
  assert.match(stdout, /^\d+ checks: /m, stderr);
  assert.equal(code, 1, stderr);
});
