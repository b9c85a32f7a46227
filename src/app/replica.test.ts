import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientOf, replies } from '../../test/kit/kube-answers.ts';
import { refusedAnnotation, refusedText } from '../apply/told-refusals.ts';
import { silentLog } from '../runtime/log.ts';
import { Replica } from './replica.ts';

const refused = { typeUrl: 'Cluster', name: 'shop', service: 'store/shop', message: 'no' };

describe('Replica', () => {
  it('knows what proxies of others refuse from when it begins to lead, and only while it leads', async () => {
    const annotations = { [refusedAnnotation]: refusedText([refused]) };
    const other = { metadata: { namespace: 'maesh', name: 'other', resourceVersion: '1', annotations } };
    const { client } = await clientOf(replies(200, { metadata: { resourceVersion: '1' }, items: [other] }));
    let told = 0;
    const replica = new Replica({
      client,
      options: { namespace: 'maesh', leaseName: 'lease', hostname: 'a', env: {} },
      log: silentLog,
      times: {},
      proxies: () => 0,
      refused: () => [],
      onRefused: () => (told += 1),
    });
    const end = new AbortController();
    assert.deepEqual(replica.refusedByOthers, []);
    await replica.beginToLead(end.signal);
    assert.deepEqual([replica.refusedByOthers, told], [[refused], 1]);
    const leading = replica.lead(end.signal);
    end.abort();
    await leading;
    assert.deepEqual(replica.refusedByOthers, []);
  });
});
