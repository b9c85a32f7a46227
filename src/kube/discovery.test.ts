import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { clientOf, failureOf, replies } from '../../test/kit/kube-answers.ts';
import { firstServed, isServed, servedVersions, serverVersion } from './discovery.ts';

const documents: Readonly<Record<string, object>> = {
  '/version': { major: '1', minor: '36+', gitVersion: 'v1.36.3-gke.1' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis/split.smi-spec.io': {
    kind: 'APIGroup',
    versions: [{ groupVersion: 'split.smi-spec.io/v1alpha4', version: 'v1alpha4' }, { version: 'v1alpha3' }],
  },
  '/api/v1': { resources: [{ name: 'pods' }, { name: 'pods/status' }] },
  '/apis/split.smi-spec.io/v1alpha3': { resources: [{ name: 'trafficsplits' }] },
  '/apis/odd': { versions: 'v1' },
};

suite('discovery', () => {
  test('says which version the server is', async () => {
    const { client } = await clientOf(replies(200, documents['/version']));
    assert.deepEqual(await serverVersion(client), { major: 1, minor: 36, text: 'v1.36.3-gke.1' });
    const odd = await clientOf(replies(200, 'null'));
    assert.deepEqual(await serverVersion(odd.client), { major: 0, minor: 0, text: '' });
  });

  test('says what is served, and takes 404 for an answer but nothing else', async () => {
    const { client } = await clientOf((request, response) => {
      const document = documents[request.url ?? ''];
      replies(document === undefined ? 404 : 200, document ?? '404 page not found')(request, response);
    });
    assert.deepEqual(await servedVersions(client, 'split.smi-spec.io'), ['v1alpha4', 'v1alpha3']);
    assert.deepEqual(await servedVersions(client, ''), ['v1']);
    assert.deepEqual(await servedVersions(client, 'none'), []);
    assert.deepEqual(await servedVersions(client, 'odd'), []);
    const of = (group: string, version: string, plural: string): Promise<boolean> =>
      isServed(client, { group, version, plural });
    assert.equal(await of('', 'v1', 'pods'), true);
    assert.equal(await of('', 'v1', 'services'), false);
    assert.equal(await of('split.smi-spec.io', 'v1alpha3', 'trafficsplits'), true);
    assert.equal(await of('split.smi-spec.io', 'v1alpha2', 'trafficsplits'), false);
    const split = { group: 'split.smi-spec.io', plural: 'trafficsplits' };
    const first = (...versions: readonly string[]) => firstServed(client, split, { versions });
    // The group has v1alpha4 too, but not of this resource.
    assert.equal(await first('v1alpha4', 'v1alpha3', 'v1alpha2'), 'v1alpha3');
    assert.equal(await first('v1alpha2'), undefined);
    assert.equal(
      await firstServed(client, { group: 'none', plural: 'a' }, { versions: ['v1', 'v2'] }),
      undefined,
    );
    const broken = await clientOf(replies(500, {}));
    assert.equal((await failureOf(servedVersions(broken.client, 'a'))).status, 500);
    assert.equal(
      (await failureOf(isServed(broken.client, { group: '', version: 'v1', plural: 'a' }))).status,
      500,
    );
  });
});
