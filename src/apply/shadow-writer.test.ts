import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  draftOf,
  follow,
  followWanting,
  manifest,
  nameOf,
  tableOf,
  wanted,
  type Wants,
  type Writing,
} from '../../test/kit/shadow-writing.ts';
import { until } from '../../test/kit/until.ts';
import { clusterPorts } from '../model/ports.ts';
import { RecordBook } from '../model/record-book.ts';
import { sharedKey, type RecordedPorts, type PortMoves, type SharedPorts } from '../model/recorded.ts';
import { movingAnnotation } from './moving-ports.ts';
import { restingAnnotation, restRecordManifest, restRecordName } from './resting-ports.ts';
import { standInName } from './shadow-name.ts';
import { standInManifest, type ShadowManifest } from './shadow.ts';

const warnings = ({ log }: Writing): readonly string[] =>
  log.lines
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ message, fields }) => `${message}: ${String(fields['key'])}`);

const shop = manifest('shop', 5000);
const shopOfFour: ShadowManifest = {
  ...shop,
  spec: { ...shop.spec, ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
};
const wantsSix: Wants = {
  ...wanted({ shop: 5000 }),
  drafts: new Map([['store/shop', { ...draftOf('shop'), ipFamilies: ['IPv6'] }]]),
};

/** What stands in for the shadow Service of `store/shop` with this mesh port. */
function shopStandIn(meshPort: number): ShadowManifest {
  const name = standInName('store/shop');
  const ports = [{ name: 'web', port: 80, protocol: 'TCP', meshPort }] as const;
  const other = { trafficDistribution: undefined, ipFamilies: [] };
  return standInManifest({ name, service: 'store/shop', ports, ...other }, 'maesh');
}

describe('ShadowWriter', () => {
  it('tells what is on record as soon as that is known, and whenever it is another', async () => {
    await using writing = await follow(manifest('shop', 5000));
    const { server, recorded } = writing;
    assert.deepEqual(recorded, [new Map([['store/shop/80', 5000]])]);
    server.put(manifest('cart', 5001));
    await until('the second', () => (recorded.at(-1)?.size === 2 ? true : undefined));
    server.remove(nameOf('shop'));
    await until('the first to go', () => (recorded.at(-1)?.size === 1 ? true : undefined));
    assert.deepEqual(recorded.at(-1), new Map([['store/cart/80', 5001]]));
  });

  it('writes what lacks, once', async () => {
    await using writing = await follow(manifest('shop', 5000));
    const { want, lead, wrote, server } = writing;
    lead();
    want(wanted({ shop: 5000, cart: 5001 }));
    await wrote(`apply ${nameOf('cart')}`);
    assert.deepEqual(server.get(nameOf('cart'))?.['spec'], manifest('cart', 5001).spec);
    await until('it to come back', () => writing.recorded.at(-1)?.get('store/cart/80'));
    want(wanted({ shop: 5000, cart: 5001 }));
    server.put(manifest('later', 5002));
    await wrote(`apply ${nameOf('cart')}`, `delete ${nameOf('later')}`);
  });

  it('writes nothing while it does not lead, and everything that is due when it begins to', async () => {
    await using writing = await follow(manifest('shop', 5009), manifest('gone', 5002));
    const { want, lead, wrote, settled } = writing;
    want(wanted({ shop: 5000, cart: 5001 }));
    await settled();
    await wrote();
    const end = lead();
    const due = [
      `apply ${nameOf('shop')}`,
      `apply ${nameOf('cart')}`,
      `delete ${nameOf('gone')}`,
      `delete ${nameOf('mark1')}`,
    ];
    await wrote(...due);
    await end();
    want(wanted({}));
    await settled();
    await wrote(...due);
    lead();
    await wrote(...due, ...['mark2', 'shop', 'cart'].map((name) => `delete ${nameOf(name)}`));
  });

  it('takes nothing away before it is known what is wanted, and then what is not', async () => {
    await using writing = await follow(manifest('shop', 5000), manifest('gone', 5001));
    const { want, lead, wrote, settled } = writing;
    lead();
    await settled();
    await wrote();
    want(wanted({ shop: 5000, mark1: 7001 }));
    await wrote(`delete ${nameOf('gone')}`);
  });

  it('takes away what stands for no service, and what has another name than it should', async () => {
    const stranger = { ...manifest('shop', 5000) };
    const nameless = { ...stranger, metadata: { ...stranger.metadata, name: 'strange', annotations: {} } };
    const long = 's'.repeat(63);
    const whole = manifest(long, 5001);
    await using writing = await follow(nameless, whole);
    const { want, lead, wrote } = writing;
    want(wanted({ [long]: 5001 }));
    lead();
    await wrote('delete strange');
  });

  it('writes a service anew when its mesh port is another, and removes it when it has none', async () => {
    await using writing = await follow(manifest('shop', 5000));
    const { want, lead, wrote, server, proxies } = writing;
    proxies.acknowledge = false;
    lead();
    want(wanted({ shop: 5000 }));
    want(wanted({ shop: 5003 }));
    await wrote(`apply ${nameOf('shop')}`);
    proxies.acknowledge = true;
    await wrote(`apply ${nameOf('shop')}`);
    await until('it to come back', () =>
      writing.recorded.at(-1)?.get('store/shop/80') === 5003 ? true : undefined,
    );
    want({ ...wanted({ shop: 5003 }), table: tableOf(new Map()) });
    await wrote(`apply ${nameOf('shop')}`, `delete ${nameOf('shop')}`);
    await until('the rest to be over, and its record with it', () => server.names.length === 0 || undefined);
  });

  it('moves services from a port that they share, each step when proxies are as far', async () => {
    const left = (name: string): ShadowManifest => {
      const { metadata, ...rest } = manifest(name, 5000);
      return { ...rest, metadata: { ...metadata, annotations: {} } };
    };
    const shared = (ports: RecordedPorts, moves: PortMoves): SharedPorts => {
      const book = new RecordBook(clusterPorts);
      book.update({ ports, moves }, ports.keys());
      return book.shared;
    };
    await using writing = await followWanting(
      (ports, last, moves) => ({ ...last, shared: shared(ports, moves) }),
      [left('cart'), left('shop')],
    );
    const { want, lead, wrote, server, recorded, proxies } = writing;
    proxies.acknowledge = false;
    const { drafts, table } = wanted({ cart: 5001, shop: 5002 });
    const assigned = new Map([...table.http.assigned, [sharedKey(5000), 5000]]);
    want({ drafts, table: tableOf(assigned), shared: shared(recorded[0] ?? new Map(), new Map()) });
    lead();
    const step = ['cart', 'shop'].map((name) => `apply ${nameOf(name)}`);
    await wrote(...step);
    const shop = (): Pick<ShadowManifest, 'metadata' | 'spec'> =>
      server.get(nameOf('shop')) as unknown as ShadowManifest;
    assert.equal(shop().metadata.annotations[movingAnnotation], '80=5000>5002');
    assert.deepEqual(shop().spec, manifest('shop', 5000).spec, 'callers are sent where they were');
    proxies.acknowledge = true;
    await wrote(...step, ...step, ...step);
    assert.deepEqual(shop().metadata.annotations, manifest('shop', 5002).metadata.annotations);
    assert.deepEqual(shop().spec, manifest('shop', 5002).spec);
  });

  it('leaves services at the port that they share where none is left for them', async () => {
    const there = [manifest('cart', 5000), manifest('shop', 5000), manifest('user', 5001)];
    await using writing = await follow(...there);
    const { want, lead, wrote } = writing;
    const { drafts } = wanted({ cart: 0, shop: 0, user: 0, later: 0 });
    const assigned = new Map([
      [sharedKey(5000), 5000],
      ['store/user/80', 5001],
      ['store/later/80', 5002],
    ]);
    const table = tableOf(assigned);
    want({ drafts, table, shared: new Map([[5000, { port: 5000, isLeft: false }]]) });
    lead();
    await wrote(`apply ${nameOf('later')}`);
  });

  it('puts right what somebody else changes, and takes strange ports away', async () => {
    const shop = manifest('shop', 5000);
    await using writing = await follow(shop);
    const { want, lead, wrote, server } = writing;
    lead();
    want(wanted({ shop: 5000 }));
    server.put({ ...shop, metadata: { ...shop.metadata, annotations: {} } });
    await wrote(`apply ${nameOf('shop')}`);
    const ports = [...(shop.spec['ports'] as readonly object[]), { name: 'x', port: 9, targetPort: 9 }];
    server.put({ ...shop, spec: { ...shop.spec, ports } });
    await wrote(`apply ${nameOf('shop')}`, `patch ${nameOf('shop')}`);
    assert.deepEqual(server.get(nameOf('shop'))?.['spec'], shop.spec);
    server.remove(nameOf('shop'));
    await wrote(`apply ${nameOf('shop')}`, `patch ${nameOf('shop')}`, `apply ${nameOf('shop')}`);
  });

  it('leaves what another replica has put on record, and writes what is wanted in the light of it', async () => {
    const onRecorded = (recorded: RecordedPorts): Wants =>
      wanted({ shop: recorded.get('store/shop/80') ?? 5000, cart: 5001 });
    await using writing = await followWanting(onRecorded, [manifest('shop', 5000), manifest('cart', 5001)]);
    const { want, lead, wrote, server, proxies } = writing;
    proxies.acknowledge = false;
    want(wanted({ shop: 5000, cart: 5001 }));
    lead();
    server.put(manifest('shop', 5007));
    server.put(manifest('cart', 5008));
    await wrote(`apply ${nameOf('cart')}`);
    proxies.acknowledge = true;
    await wrote(`apply ${nameOf('cart')}`);
    server.put(manifest('later', 5002));
    await wrote(`apply ${nameOf('cart')}`, `delete ${nameOf('later')}`);
  });

  it('makes one anew whose IP family is not that of the service any more, with its ports on record all the while', async () => {
    await using writing = await follow(shopOfFour);
    const { want, lead, wrote, recorded, server } = writing;
    want(wantsSix);
    lead();
    const standIn = standInName('store/shop');
    const name = nameOf('shop');
    await wrote(`apply ${standIn}`, `delete ${name}`, `apply ${name}`, `delete ${standIn}`);
    assert.deepEqual(server.names, [name]);
    assert.deepEqual(
      recorded.map((ports) => ports.get('store/shop/80')),
      recorded.map(() => 5000),
    );
    assert.deepEqual(warnings(writing), []);
  });

  it('has the ports of one that it makes anew on record when it comes no further', async () => {
    await using writing = await follow(shopOfFour);
    const { want, lead, server } = writing;
    const [standIn, name] = [standInName('store/shop'), nameOf('shop')];
    server.refuse = (write) => (write === `apply ${name}` ? 500 : undefined);
    want(wantsSix);
    const end = lead();
    await until('it to be gone', () => (server.names.includes(name) ? undefined : true));
    await end();
    assert.deepEqual(server.names, [standIn]);
    // Who leads next knows what is on record, and nothing else.
    await using next = await follow(server.get(standIn) as unknown as ShadowManifest);
    assert.deepEqual(next.recorded[0], new Map([['store/shop/80', 5000]]));
    next.want(wantsSix);
    next.lead();
    await next.wrote(`apply ${name}`, `delete ${standIn}`);
    assert.deepEqual(next.server.names, [name]);
  });

  it('lets the ports rest of one that it would have made anew, had its service not gone', async () => {
    await using writing = await follow(shopStandIn(5000));
    const { want, lead, wrote, server, proxies } = writing;
    proxies.acknowledge = false;
    want(wanted({}));
    lead();
    await wrote(`delete ${standInName('store/shop')}`);
    assert.deepEqual(server.names, [restRecordName]);
  });

  it('overwrites nothing that has become another since it was read', async () => {
    await using writing = await follow(manifest('shop', 5001), shopStandIn(5001));
    const { want, lead, wrote, server } = writing;
    const end = lead();
    await until('it to have caught up', () => (server.lists > 0 ? true : undefined));
    server.isSilent = true;
    const newer = server.put({
      ...manifest('shop', 5001),
      metadata: { ...manifest('shop', 5001).metadata, labels: {} },
    });
    want({
      ...wanted({ shop: 5001 }),
      drafts: new Map([['store/shop', { ...draftOf('shop'), ipFamilies: ['IPv4'] }]]),
    });
    await wrote(`delete ${nameOf('shop')}`);
    await end();
    assert.deepEqual(server.get(nameOf('shop')), newer);
    assert.deepEqual(warnings(writing), []);
  });

  it('minds not that what it takes away is gone, or another by now', async () => {
    const shop = manifest('shop', 5000);
    const ports = [...(shop.spec['ports'] as readonly object[]), { name: 'x', port: 9, targetPort: 9 }];
    await using writing = await follow(
      { ...shop, spec: { ...shop.spec, ports } },
      manifest('gone', 5001),
      manifest('other', 5002),
      restRecordManifest('maesh', ['5001', '5002', '9']) as ShadowManifest,
    );
    const { want, lead, wrote, server, proxies } = writing;
    proxies.acknowledge = false;
    const end = lead();
    await until('it to have caught up', () => (server.lists > 0 ? true : undefined));
    // What the watch does not tell yet.
    server.isSilent = true;
    server.remove(nameOf('gone'));
    server.put(manifest('other', 5003));
    server.put({ ...shop, spec: { ...shop.spec, ports, sessionAffinity: 'None' } });
    want(wanted({ shop: 5000 }));
    await wrote(...['gone', 'other'].map((name) => `delete ${nameOf(name)}`), `patch ${nameOf('shop')}`);
    await end();
    assert.deepEqual(warnings(writing), []);
    assert.deepEqual(server.names, [nameOf('other'), nameOf('shop'), restRecordName].toSorted());
  });

  for (const status of [403, 404, 500]) {
    it(`says that a write fails by HTTP ${status}, and tries again`, async () => {
      await using writing = await follow();
      const { want, lead, server } = writing;
      let left = 2;
      server.refuse = () => (left-- > 0 ? status : undefined);
      want(wanted({ shop: 5000 }));
      lead();
      await until('it to be there', () => server.get(nameOf('shop')));
      assert.equal(server.writes.length, 3);
      assert.deepEqual(warnings(writing), ['Processing failed, and is tried again: store/shop']);
    });
  }

  it('lets a port rest that may be on record, for all that a write says which was not answered', async () => {
    await using writing = await follow();
    const { want, lead, server, proxies } = writing;
    proxies.acknowledge = false;
    server.losesAnswer = (write) => write === `apply ${nameOf('shop')}`;
    lead();
    await until('it to have caught up', () => (server.lists > 0 ? true : undefined));
    server.isSilent = true;
    want(wanted({ shop: 5000 }));
    await until('it to be written', () => (server.writes.length > 0 ? true : undefined));
    // It is not known to be there, and its port is free to be given to others.
    want(wanted({}));
    await until('it to rest', () => (server.names.includes(restRecordName) ? true : undefined));
    const annotations = server.get(restRecordName)?.metadata['annotations'];
    assert.deepEqual(annotations, { [restingAnnotation]: '5000' });
  });

  it('tries again to take away what it may not', async () => {
    await using writing = await follow(manifest('gone', 5001));
    const { want, lead, server } = writing;
    let left = 2;
    server.refuse = (write) => (write === `delete ${nameOf('gone')}` && left-- > 0 ? 403 : undefined);
    writing.proxies.acknowledge = false;
    want(wanted({}));
    lead();
    await until('it to be gone', () => (server.names.includes(nameOf('gone')) ? undefined : true));
    assert.deepEqual(warnings(writing), ['Processing failed, and is tried again: store/gone']);
  });
});
