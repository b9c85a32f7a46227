// When pods of a cluster's DNS are replaced so that they know the mesh, before a real API server: where they would not notice
// what they are told, and where somebody doesn't want to wait until they do.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { DnsLayoutInCluster } from '../kit/dns-layouts.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { RunningDnsKeeper, type DnsKeeperGiven } from '../kit/running-dns-keeper.ts';
import { until } from '../kit/until.ts';

const annotationKey = 'mesh.traefik.io/dns-restarted-for';
/** Too long for the name of a shadow Service. */
const longService = `store/${'shop-'.repeat(9)}front`;

describe("a cluster's DNS", { concurrency: false }, () => {
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

  /** A test in a cluster with this DNS. */
  const inLayout =
    (name: string, test: (layout: DnsLayoutInCluster) => Promise<void>): (() => Promise<void>) =>
    async () => {
      await using layout = await DnsLayoutInCluster.setUp(objects, name);
      await test(layout);
    };
  const start = async (given: Partial<DnsKeeperGiven> = {}): Promise<RunningDnsKeeper> =>
    await RunningDnsKeeper.start({ kubeConfig: plane.kubeconfig, ...given });
  const right = async (keeper: RunningDnsKeeper): Promise<void> => {
    await until('DNS to be as it should', () => keeper.isRight || undefined);
  };

  it(
    'has its pods replaced once where they would not notice',
    inLayout('daemonset', async (layout) => {
      const atFirst = await layout.data();
      const annotation = async (): Promise<string | undefined> =>
        (await layout.templateAnnotations())['dns']?.[annotationKey];
      let first: string;
      {
        await using keeper = await start();
        first = await until('the pods to be replaced', annotation);
        await right(keeper);
      }
      // Who leads next finds everything as it should be.
      await using keeper = await start();
      await right(keeper);
      await until(
        'its first look',
        () => keeper.log.lines.some(({ message }) => message.startsWith('Found')) || undefined,
      );
      assert.equal(await annotation(), first);
      // What is put back needs it again.
      await layout.putBack(atFirst);
      await until('the pods to be replaced', async () => ((await annotation()) === first ? undefined : true));
      await wrote(keeper, 1);
    }),
  );

  it(
    'has its pods replaced after a leader that was killed before it could do so',
    inLayout('daemonset', async (layout) => {
      {
        await using keeper = await start();
        await right(keeper);
      }
      const workload = {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'dns', namespace: 'kube-system' },
      };
      await objects.send({
        method: 'PATCH',
        path: await objects.path(workload),
        contentType: 'application/merge-patch+json',
        body: { spec: { template: { metadata: { annotations: null } } } },
      });
      assert.equal((await layout.templateAnnotations())['dns'], undefined);
      await using keeper = await start();
      await until('the pods to be replaced', async () => (await layout.templateAnnotations())['dns']);
      await wrote(keeper, 1);
    }),
  );

  it(
    'has its pods replaced once for a mesh where that is asked for, and not for what changes later',
    inLayout('node-local', async (layout) => {
      const atFirst = await layout.data();
      const annotations = async (): Promise<Readonly<Record<string, string | undefined>>> => {
        const templates = Object.entries(await layout.templateAnnotations());
        return Object.fromEntries(templates.map(([name, template]) => [name, template?.[annotationKey]]));
      };
      const restarts = (keeper: RunningDnsKeeper): number =>
        keeper.log.lines.filter(({ fields }) => fields['restarted'] === true).length;
      let first: Readonly<Record<string, string | undefined>>;
      {
        await using keeper = await start({ restartsOnce: true });
        await wrote(keeper, 2);
        first = await annotations();
        // CoreDNS', and not those of the nodes' caches.
        assert.deepEqual(first, { coredns: first['coredns'], 'node-local-dns': undefined });
        assert.match(first['coredns'] ?? '', /^[0-9a-f]{12}$/);
        keeper.want([longService]);
        await wrote(keeper, 3);
        await layout.putBack(atFirst);
        await wrote(keeper, 5);
        assert.deepEqual([restarts(keeper), await annotations()], [1, first]);
      }
      await layout.putBack(atFirst);
      await using next = await start({ restartsOnce: true });
      await wrote(next, 2);
      assert.deepEqual([restarts(next), await annotations()], [0, first]);
    }),
  );
});

/** It may be seen in the cluster before it is said. */
async function wrote(keeper: RunningDnsKeeper, times: number): Promise<void> {
  await until('it to be said', () => keeper.writes >= times || undefined);
  assert.equal(keeper.writes, times);
}
