// The cluster's DNS, kept as the mesh needs it while others change it: before a real API server, with what goes wrong there.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startControlPlane, type ControlPlane } from '../kit/control-plane.ts';
import { dnsLayouts, DnsLayoutInCluster } from '../kit/dns-layouts.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { RunningDnsKeeper, type DnsKeeperGiven } from '../kit/running-dns-keeper.ts';
import { until } from '../kit/until.ts';

const coredns = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'coredns', namespace: 'kube-system' },
};
const mark = '#### Begin Maesh Block';
/** Too long for the name of a shadow Service. */
const longService = `store/${'shop-'.repeat(9)}front`;

/** It may be seen in the cluster before it is said. */
async function wrote(keeper: RunningDnsKeeper, times: number): Promise<void> {
  await until('it to be said', () => keeper.writes >= times || undefined);
  assert.equal(keeper.writes, times);
}

describe('the DNS of a cluster that is kept', { concurrency: false }, () => {
  let plane: ControlPlane;
  let objects: KubeObjects;

  before(async () => {
    plane = await startControlPlane({
      tokens: [{ token: 'limited-token', user: 'limited' }],
    });
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
  const corefile = async (): Promise<string> => {
    const { data } = (await objects.get(coredns)) as KubeObject & { data: { Corefile: string } };
    return data.Corefile;
  };
  const write = async (text: string): Promise<void> => {
    await objects.apply({ ...coredns, data: { Corefile: text } });
  };
  const isThere = async (what = mark): Promise<void> => {
    await until('the mesh to be in the Corefile', async () => (await corefile()).includes(what) || undefined);
  };

  for (const name of dnsLayouts) {
    it(`has the mesh's names again when all that holds them is as it was at first, as in ${name}`, async () => {
      await using layout = await DnsLayoutInCluster.setUp(objects, name);
      const atFirst = await layout.data();
      await using keeper = await start();
      await right(keeper);
      const withMesh = await layout.data();
      assert.notDeepEqual(withMesh, atFirst);
      await layout.putBack(atFirst);
      await until('the names to be back', async () => {
        const data = await layout.data();
        return JSON.stringify(data) === JSON.stringify(withMesh) || undefined;
      });
      await right(keeper);
    });
  }

  it(
    'is right again after what somebody wrote into the mesh’s block, and keeps what they wrote elsewhere',
    inLayout('kubeadm', async () => {
      await using keeper = await start();
      await isThere();
      await right(keeper);
      const before = await corefile();
      const broken = before.replace('cache 30 .', 'cache 3').replace('lameduck 5s', 'lameduck 9s');
      await write(broken);
      const wanted = before.replace('lameduck 5s', 'lameduck 9s');
      await until('the block to be mended', async () => (await corefile()) === wanted || undefined);
    }),
  );

  it(
    'loses nothing that others write at the same time',
    inLayout('kubeadm', async () => {
      await using keeper = await start();
      await isThere();
      const path = await objects.path(coredns);
      for (let count = 0; count < 40; count++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await objects.send({
          method: 'PATCH',
          path,
          contentType: 'application/merge-patch+json',
          body: {
            data: { [`key-${count}`]: String(count), ...(count % 4 === 0 && { Corefile: bare(count) }) },
          },
        });
      }
      await isThere('ttl 36');
      await right(keeper);
      const { data } = (await objects.get(coredns)) as KubeObject & { data: Record<string, string> };
      assert.deepEqual(
        Object.keys(data).toSorted(),
        ['Corefile', ...Array.from({ length: 40 }, (_, count) => `key-${count}`)].toSorted(),
      );
      assert.ok(data['Corefile']?.startsWith(bare(36)), data['Corefile']);
    }),
  );

  it(
    'is written by the one who leads alone, and known to the others too',
    inLayout('kubeadm', async () => {
      await using other = await start({ leads: false });
      await until('it to be known', () => other.status().state === 'known' || undefined);
      assert.deepEqual(other.status(), {
        state: 'known',
        places: [
          {
            title: 'CoreDNS 1.12.1 (Deployment kube-system/coredns)',
            object: 'configmaps kube-system/coredns',
            isRight: false,
          },
        ],
      });
      await using leader = await start();
      await right(leader);
      await right(other);
      assert.equal(other.writes, 0);
      await wrote(leader, 1);
    }),
  );

  it(
    'has a rule for each service with a long name, for as long as that is there',
    inLayout('kubeadm', async () => {
      await using keeper = await start({ services: ['store/shop'] });
      await isThere();
      const [namespace, name] = longService.split('/');
      const rule = `name exact ${name}.${namespace}.maesh `;
      assert.ok(!(await corefile()).includes(rule));
      keeper.want(['store/shop', longService]);
      await isThere(rule);
      keeper.want(['store/shop']);
      await until('the rule to be gone', async () => !(await corefile()).includes(rule) || undefined);
      await wrote(keeper, 3);
    }),
  );

  it(
    'is written for many long names at once',
    inLayout('kubeadm', async () => {
      await using keeper = await start({ timing: { gatherMs: 200 } });
      await isThere();
      const names = Array.from({ length: 50 }, (_, index) => `${longService}-${index}`);
      for (const index of names.keys()) keeper.want(names.slice(0, index + 1));
      await isThere('front-49.store.maesh ');
      await wrote(keeper, 2);
    }),
  );

  it(
    'is written at a bounded rate, whoever takes the names out again and again',
    inLayout('kubeadm', async () => {
      const burst = 3;
      await using keeper = await start({ timing: { writeRate: { perSecond: 0.001, burst } } });
      await isThere();
      for (let count = 1; count < burst; count++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await write(bare(count));
        // oxlint-disable-next-line no-await-in-loop -- as above
        await isThere();
      }
      await write(bare(99));
      await until('it to be seen', () => !keeper.isRight || undefined);
      await write(bare(100));
      await until('it to be seen', () => !keeper.isRight || undefined);
      await wrote(keeper, burst);
      assert.equal(await corefile(), bare(100));
    }),
  );

  it(
    'is followed where it becomes another',
    inLayout('kubeadm', async () => {
      await using keeper = await start();
      await isThere();
      await using nodeLocal = await DnsLayoutInCluster.setUp(objects, 'node-local');
      await until('the cache to know the mesh', async () => {
        const { Corefile } = (await nodeLocal.data())['ConfigMap kube-system/node-local-dns'] as {
          Corefile: string;
        };
        return Corefile.includes(mark) || undefined;
      });
      await right(keeper);
    }),
  );

  it(
    'is left alone where the mesh cannot be put in, which is said with what to do',
    inLayout('kubeadm', async () => {
      const text = '.:53 {\n    forward . 10.1.2.3\n}\n';
      await write(text);
      await using keeper = await start();
      const line = await until('it to be said', () =>
        keeper.log.lines.find(({ level }) => level === 'error'),
      );
      assert.match(
        line.message,
        /^The mesh's names can't be put into the Corefile of ConfigMap kube-system\/coredns: /,
      );
      assert.match(String(line.fields['byHand']), /maesh:53 traefik\.mesh:53/);
      const status = keeper.status();
      assert.ok(
        status.state === 'known' && status.places[0]?.trouble === line.message,
        JSON.stringify(status),
      );
      assert.equal(await corefile(), text);
      // It goes on by itself once that is mended.
      await write(bare(1));
      await isThere();
      await right(keeper);
    }),
  );

  it('may be unknown: then it is said what to put in by hand', async () => {
    await using keeper = await start();
    const line = await until('it to be said', () => keeper.log.lines.find(({ level }) => level === 'error'));
    assert.match(
      line.message,
      /^This cluster's DNS is of no kind that Maesh knows: .* \*\.maesh and \*\.traefik\.mesh/,
    );
    assert.match(String(line.fields['byHand']), /maesh:53 traefik\.mesh:53/);
    assert.equal(keeper.status().state, 'unknown');
    // And it may come.
    await inLayout('kubeadm', async () => await isThere())();
  });

  it(
    'stays as it is without permission, which is said once, and is right once that is there',
    inLayout('kubeadm', async () => {
      const kubeConfig = await plane.writeKubeconfig({ token: 'limited-token' });
      await grant(objects, ['list', 'watch']);
      await using keeper = await start({ kubeConfig, timing: { forbiddenMs: 300 } });
      const errors = (): readonly unknown[] =>
        keeper.log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['error']);
      await until('it to be said', () => errors().length > 0 || undefined);
      assert.match(
        String(errors()[0]),
        /Cannot patch configmaps kube-system\/coredns: not allowed\. Grant it by a rule \{apiGroups: \[""\], resources: \["configmaps"\], verbs: \[.*"patch".*\]\}.*\. It is tried again every 0\.3 s$/,
      );
      const status = keeper.status();
      assert.ok(
        status.state === 'known' && /not allowed.*again every/.test(status.places[0]?.trouble ?? ''),
        JSON.stringify(status),
      );
      await grant(objects, ['list', 'watch', 'patch']);
      await isThere();
      await right(keeper);
      assert.equal(errors().length, 1);
      await wrote(keeper, 1);
    }),
  );

  it(
    'is kept on after the API server was away',
    inLayout('kubeadm', async () => {
      await using keeper = await start();
      await isThere();
      await plane.kill('kube-apiserver');
      await until(
        'it to be noticed',
        () => keeper.log.lines.some(({ level }) => level === 'warn') || undefined,
      );
      await plane.startApiServer();
      await write(bare(7));
      await isThere();
      await isThere('ttl 7');
    }),
  );
});

/** A Corefile without the mesh, each a little other. */
function bare(number: number): string {
  return `.:53 {\n    errors\n    kubernetes cluster.local {\n        ttl ${number}\n    }\n    reload\n}\n`;
}

/** Lets the limited user read workloads, and do this to ConfigMaps. */
async function grant(objects: KubeObjects, verbs: readonly string[]): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: 'limited', namespace: 'kube-system' };
  const reads = { apiGroups: ['apps'], resources: ['deployments', 'daemonsets'], verbs: ['list', 'watch'] };
  await objects.apply(
    {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      // By its name: what a cautious administrator would grant.
      rules: [reads, { apiGroups: [''], resources: ['configmaps'], resourceNames: ['coredns'], verbs }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: 'limited' },
      subjects: [{ kind: 'User', name: 'limited', apiGroup: group }],
    },
  );
}
