import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { clientOf, failureOf, replies } from '../../test/kit/kube-answers.ts';
import { accountUser, isAllowed, type Deed } from './access-review.ts';

const deed: Deed = {
  verb: 'patch',
  group: 'apps',
  plural: 'deployments',
  subresource: 'status',
  namespace: 'shop',
};

describe('isAllowed()', () => {
  it('asks for whoever asks, and for others by name and groups', async () => {
    const { client, seen } = await clientOf(replies(201, { status: { allowed: true } }));
    assert.equal(await isAllowed(client, deed), true);
    await isAllowed(
      client,
      { verb: 'list', group: '', plural: 'nodes' },
      { user: accountUser({ namespace: 'maesh', name: 'c' }) },
    );
    assert.deepEqual(
      seen.map(({ url, body }) => [url, (JSON.parse(body) as { spec: unknown }).spec]),
      [
        [
          '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          {
            resourceAttributes: {
              verb: 'patch',
              group: 'apps',
              resource: 'deployments',
              subresource: 'status',
              namespace: 'shop',
            },
          },
        ],
        [
          '/apis/authorization.k8s.io/v1/subjectaccessreviews',
          {
            resourceAttributes: {
              verb: 'list',
              group: '',
              resource: 'nodes',
              subresource: '',
              namespace: '',
            },
            user: 'system:serviceaccount:maesh:c',
            groups: ['system:serviceaccounts', 'system:serviceaccounts:maesh', 'system:authenticated'],
          },
        ],
      ],
    );
  });

  it('takes no for an answer, but nothing that is none', async () => {
    const no = await clientOf(replies(201, { status: { allowed: false } }));
    assert.equal(await isAllowed(no.client, deed), false);
    const odd = await clientOf(replies(201, { status: {} }));
    assert.equal((await failureOf(isAllowed(odd.client, deed))).reason, 'Malformed');
    const refused = await clientOf(replies(403, {}));
    assert.match(
      (await failureOf(isAllowed(refused.client, deed))).message,
      /create selfsubjectaccessreviews/,
    );
  });
});
