import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { NameServer } from '../../test/kit/name-server.ts';
import type { NameJson } from '../serve/http/api-types.ts';
import { lookUpNames } from './name-lookup.ts';

describe('lookUpNames()', () => {
  let server: NameServer;
  before(async () => {
    server = await NameServer.start('127.122.0.1');
  });
  beforeEach(() => server.names.clear());
  after(() => server[Symbol.asyncDispose]());

  async function lookUp(): Promise<readonly Omit<NameJson, 'ms'>[]> {
    const { names } = await lookUpNames('store/shop', {
      namespace: 'maesh',
      meshDomains: ['maesh', 'traefik.mesh'],
      clusterDomain: 'cluster.example',
      nameServers: [server.address],
    });
    return names.map(({ ms, ...rest }) => {
      assert.ok(Number.isInteger(ms) && ms >= 0, `${ms} ms`);
      return rest;
    });
  }

  it("says what came back for the name of the shadow Service, then for each of the mesh's", async () => {
    server.names.set('maesh-shop-6d61657368-store.maesh.svc.cluster.example', ['10.96.0.9']);
    server.names.set('shop.store.maesh', ['fd00::9', '10.96.0.9']);
    server.names.set('shop.store.traefik.mesh', ['10.96.0.9']);
    assert.deepEqual(await lookUp(), [
      {
        name: 'maesh-shop-6d61657368-store.maesh.svc.cluster.example',
        domain: null,
        addresses: ['10.96.0.9'],
        error: null,
      },
      { name: 'shop.store.maesh', domain: 'maesh', addresses: ['10.96.0.9', 'fd00::9'], error: null },
      { name: 'shop.store.traefik.mesh', domain: 'traefik.mesh', addresses: ['10.96.0.9'], error: null },
    ]);
  });

  it('says why nothing came back', async () => {
    server.names.set('shop.store.maesh', []);
    const found = await lookUp();
    assert.deepEqual(
      found.map(({ error, addresses }) => [error, addresses.length]),
      [
        ['ENOTFOUND', 0],
        ['ENODATA', 0],
        ['ENOTFOUND', 0],
      ],
    );
  });

  it('ends where no server answers', async () => {
    server.isSilent = true;
    try {
      assert.deepEqual(
        (await lookUp()).map(({ error }) => error),
        ['ETIMEOUT', 'ETIMEOUT', 'ETIMEOUT'],
      );
    } finally {
      server.isSilent = false;
    }
  });
});
