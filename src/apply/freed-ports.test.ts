import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  follow,
  followWanting,
  manifest,
  move,
  nameOf,
  removal,
  wanted,
} from '../../test/kit/shadow-writing.ts';
import { until } from '../../test/kit/until.ts';
import type { RecordedPorts } from '../model/recorded.ts';
import type { Wanted } from './shadow-writer.ts';

describe('mesh ports that a shadow Service sets free', () => {
  it('lets mesh ports rest on record before they are gone from it, and until proxies have acknowledged that', async () => {
    await using writing = await follow(manifest('shop', 5000), manifest('cart', 5001));
    const { want, lead, wrote, server, proxies, recorded } = writing;
    proxies.acknowledge = false;
    lead();
    want(wanted({ shop: 5002 }));
    await wrote(...move('shop').slice(0, 2), `patch ${nameOf('cart')}`);
    await until('all of it to come back', () => recorded.at(-1)?.get('store/shop/80') === 5002 || undefined);
    assert.deepEqual(
      Object.fromEntries(recorded.at(-1) ?? []),
      // For what is no service port: so they are nobody's, and taken.
      { 'store/shop/80': 5002, 'store/shop/resting 5000': 5000, 'store/cart/resting 5001': 5001 },
    );
    proxies.acknowledge = true;
    await wrote(...move('shop'), ...removal('cart'));
    assert.deepEqual(server.names, [nameOf('shop')]);
    await until('it to come back', () => recorded.at(-1)?.size === 1 || undefined);
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
    const onRecorded = (recorded: RecordedPorts): Wanted =>
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
