import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  follow,
  followWanting,
  manifest,
  nameOf,
  wanted,
  type Wants,
} from '../../test/kit/shadow-writing.ts';
import { until } from '../../test/kit/until.ts';
import type { RecordedPorts } from '../model/recorded.ts';
import { restRecordName } from './resting-ports.ts';

describe('mesh ports that a shadow Service sets free', () => {
  it('has mesh ports on record to rest before they go, until proxies have acknowledged that', async () => {
    await using writing = await follow(manifest('shop', 5000), manifest('cart', 5001));
    const { want, lead, wrote, server, proxies, recorded } = writing;
    proxies.acknowledge = false;
    lead();
    want(wanted({ shop: 5002 }));
    await wrote(`apply ${nameOf('shop')}`, `delete ${nameOf('cart')}`);
    assert.ok(server.writes[0]?.endsWith(restRecordName), 'before all else');
    await until('all of it to come back', () => recorded.at(-1)?.get('store/shop/80') === 5002 || undefined);
    await until('the other to be gone', () => recorded.at(-1)?.has('store/cart/80') === false || undefined);
    assert.deepEqual(
      Object.fromEntries(recorded.at(-1) ?? []),
      // For what is no service port: so they are nobody's, and taken.
      { 'store/shop/80': 5002, '/resting/5000': 5000, '/resting/5001': 5001 },
    );
    proxies.acknowledge = true;
    await until('the rest to be over', () => recorded.at(-1)?.size === 1 || undefined);
    assert.deepEqual(server.names, [nameOf('shop')]);
  });

  it('waits with what sets ports free for a record that cannot be written, and goes on with all else', async () => {
    await using writing = await follow(manifest('shop', 5000), manifest('cart', 5001));
    const { want, lead, wrote, server } = writing;
    let isRefused = true;
    server.refuse = (write) => (isRefused && write.endsWith(restRecordName) ? 500 : undefined);
    lead();
    want(wanted({ shop: 5000, later: 5003 }));
    await until('the record to be refused twice', () => server.writes.length > 2 || undefined);
    await wrote(`apply ${nameOf('later')}`);
    isRefused = false;
    await wrote(`apply ${nameOf('later')}`, `delete ${nameOf('cart')}`);
  });

  it('lets nothing rest of a service that is back before that is on record', async () => {
    await using writing = await follow(manifest('shop', 5000), manifest('cart', 5001));
    const { want, lead, wrote, server, proxies } = writing;
    proxies.acknowledge = false;
    let isRefused = true;
    server.refuse = (write) => (isRefused && write.endsWith(restRecordName) ? 500 : undefined);
    lead();
    want(wanted({ later: 5003 }));
    await until('the record to be refused', () => server.writes.length > 1 || undefined);
    want(wanted({ shop: 5000, later: 5003 }));
    isRefused = false;
    await wrote(`apply ${nameOf('later')}`, `delete ${nameOf('cart')}`);
    await until('the record', () => writing.recorded.at(-1)?.has('/resting/5001') || undefined);
    assert.equal(writing.recorded.at(-1)?.get('store/shop/80'), 5000);
    assert.equal(writing.recorded.at(-1)?.has('/resting/5000'), false);
  });

  it('writes the record of many at once', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
    await using writing = await follow(...names.map((name, index) => manifest(name, 5000 + index)));
    const { want, lead, wrote, server, proxies } = writing;
    proxies.acknowledge = false;
    want(wanted({}));
    lead();
    await wrote(...names.map((name) => `delete ${nameOf(name)}`));
    const records = server.writes.filter((write) => write.endsWith(restRecordName));
    assert.ok(records.length < 5, `${records.length} writes of the record`);
  });

  it('lets no mesh port rest that another service has', async () => {
    // As the original left them.
    await using writing = await follow(manifest('shop', 5000), manifest('cart', 5000));
    const { want, lead, wrote } = writing;
    want(wanted({ cart: 5000 }));
    lead();
    await wrote(`delete ${nameOf('shop')}`);
  });

  it('writes nothing before it knows all that another replica has written', async () => {
    const onRecorded = (recorded: RecordedPorts): Wants =>
      wanted({
        ...(recorded.has('store/other/80') && { other: 5000 }),
        shop: recorded.has('store/other/80') ? 5001 : 5000,
      });
    await using writing = await followWanting(onRecorded, []);
    const { want, lead, wrote, server } = writing;
    server.isSilent = true;
    server.put(manifest('other', 5000));
    want(wanted({ shop: 5000 }));
    lead();
    await until('it to have looked', () => (server.lists > 0 ? true : undefined));
    await wrote();
    server.isSilent = false;
    server.put(manifest('other', 5000));
    await wrote(`apply ${nameOf('shop')}`);
    assert.deepEqual(server.get(nameOf('shop'))?.['spec'], manifest('shop', 5001).spec);
  });
});
