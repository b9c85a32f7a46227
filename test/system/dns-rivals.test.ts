// Two meshes that want a cluster's DNS, before a real API server: what a mesh that is gone has left is replaced, and with one that
// is at work nobody pulls for ever.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { DnsLayoutInCluster } from '../kit/dns-layouts.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { RunningDnsKeeper } from '../kit/running-dns-keeper.ts';
import { until } from '../kit/until.ts';

// In the Corefile, and in a file that it imports.
for (const name of ['kubeadm', 'k3s']) {
  describe(`the DNS of a cluster with two meshes, as in ${name}`, () => {
    let plane: ControlPlane;
    let objects: KubeObjects;

    before(async () => {
      plane = await startControlPlane();
      objects = new KubeObjects(plane.admin);
    });
    after(async () => {
      objects[Symbol.dispose]();
      await plane.stop();
    });

    const start = async (namespace: string): Promise<RunningDnsKeeper> =>
      await RunningDnsKeeper.start({ kubeConfig: plane.kubeconfig, mesh: { namespace } });
    const right = async (keeper: RunningDnsKeeper): Promise<void> => {
      await until('DNS to be as it should', () => keeper.isRight || undefined);
    };

    it('is taken from one that is gone, and left to one that takes it back, until that goes', async () => {
      await using layout = await DnsLayoutInCluster.setUp(objects, name);
      const atFirst = await layout.data();
      {
        await using gone = await start('gone');
        await right(gone);
      }
      await using first = await start('first');
      await right(first);
      assert.equal(first.writes, 1);

      await using second = await start('second');
      const line = await until('one to say it', () =>
        [first, second].flatMap(({ log }) => log.lines).find(({ level }) => level === 'error'),
      );
      assert.match(
        line.message,
        /^The names of the mesh in namespace first come back whenever .*: maesh cleanup --n/,
      );
      await right(first);
      const status = second.status();
      assert.deepEqual(
        status.state === 'known' && status.places.map(({ isRight, trouble }) => [isRight, trouble]),
        [[false, line.message]],
      );
      const writes = [first.writes, second.writes];
      assert.deepEqual(writes, [2, 1]);

      await first.stop();
      await layout.putBack(atFirst);
      await right(second);
      assert.equal(second.writes, 2);
    });
  });
}
