// What `maesh check` goes by, against what the chart makes: how it finds the controller and the proxies, and what it holds
// the controller's rights to.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { controllerSelector, proxySelector } from '../../src/check/cluster.ts';
import { controllerNeeds } from '../../src/check/controller-needs.ts';
import { readWorkload } from '../../src/check/workloads.ts';
import { kindsWithStatus } from '../../src/source/kubernetes/with-identity.ts';
import { render } from '../kit/chart.ts';
import type { KubeObject } from '../kit/kube-objects.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** The only object of a kind with these labels. */
function only(objects: readonly KubeObject[], kind: string, selector: string): KubeObject {
  const [found, ...others] = objects.filter((object) => {
    const { labels = {} } = object.metadata as { readonly labels?: Readonly<Record<string, string>> };
    const all = new Set(Object.entries(labels).map(([label, value]) => `${label}=${value}`));
    return object.kind === kind && selector.split(',').every((part) => all.has(part));
  });
  assert.deepEqual(others, []);
  return found ?? assert.fail(`no ${kind} of ${selector}`);
}

describe('maesh check finds what the chart makes', () => {
  it('by its labels', async () => {
    const objects = await render({ release: 'maesh', namespace: 'maesh', values: {} });
    const read = (kind: string, selector: string): ReturnType<typeof readWorkload> => {
      const object = only(objects, kind, selector);
      return readWorkload({ ...object, metadata: { ...object.metadata, resourceVersion: '1' } });
    };
    assert.equal(read('Deployment', controllerSelector).serviceAccount, 'maesh-controller');
    assert.equal(read('DaemonSet', proxySelector).name, 'maesh-mesh');
  });
});

describe('the rights that the chart gives', () => {
  const kinds = kindsWithStatus.map((kind) => ({ kind, hasStatus: true }));

  for (const watched of [undefined, ['first', 'second']]) {
    it(`are all that maesh check wants the controller to have in ${watched?.join(' and ') ?? 'all namespaces'}`, async () => {
      const namespace = 'maesh';
      const values = { controller: { watchNamespaces: watched ?? [] } };
      const objects = await render({ release: 'maesh', namespace, values });
      // A ClusterRole of the clean-up's lets the controller do nothing.
      const isControllers = ({ metadata }: KubeObject): boolean =>
        metadata.name.startsWith('maesh-controller');
      const rulesIn = (at: string | undefined): readonly Rule[] =>
        objects
          .filter(isControllers)
          .filter(
            ({ kind, metadata }) => (kind === 'Role' && metadata.namespace === at) || kind === 'ClusterRole',
          )
          .flatMap((role) => role['rules'] as readonly Rule[]);
      for (const { group, plural, subresource, verbs, namespace: at } of controllerNeeds({
        namespace,
        watched,
        kinds,
      })) {
        const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
        const rules = rulesIn(at).filter(
          ({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(resource),
        );
        const granted = new Set(rules.flatMap((rule) => rule.verbs));
        assert.deepEqual([resource, at, verbs.filter((verb) => !granted.has(verb))], [resource, at, []]);
      }
    });
  }
});
