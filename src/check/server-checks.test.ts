import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { clientOf, replies } from '../../test/kit/kube-answers.ts';
import { Cluster } from './cluster.ts';
import type { Finding } from './finding.ts';
import { supported } from './server-checks.ts';

/** What is said of a server of this version. */
async function of(minor: number): Promise<Finding> {
  const answer = { major: '1', minor: `${minor}`, gitVersion: `v1.${minor}.1` };
  const { client, url } = await clientOf(replies(200, answer));
  return await supported(new Cluster({ client, server: url, namespace: 'maesh', version: '2.0.0' }));
}

describe('server-version', () => {
  it('is an error where Maesh needs what the server lacks', async () => {
    const { status, message, advice } = await of(21);
    assert.deepEqual([status, message], ['error', 'v1.21.1']);
    assert.match(advice ?? '', /1\.22 or later/);
  });

  it('is a warning where callers may be sent to the proxy of another node', async () => {
    assert.match((await of(22)).message, /^v1\.22\.1, .* proxy of any node, /);
    const { status, message } = await of(31);
    assert.equal(status, 'warning');
    assert.match(message, /any node of the same zone/);
    assert.equal((await of(34)).status, 'ok');
  });
});
