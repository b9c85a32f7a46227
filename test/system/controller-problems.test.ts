// Mistakes of every kind of object, in files and in a real API server: what `maesh check` prints of the manifests is what
// stands on the objects, word for word, until it is mended.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { reasonOf } from '../../src/apply/event.ts';
import { byText } from '../../src/model/key.ts';
import type { ProblemCode } from '../../src/model/problem-codes.ts';
import type { ProblemJson } from '../../src/serve/http/api-types.ts';
import { kindsWithStatus } from '../../src/source/kubernetes/with-identity.ts';
import { startControlPlane } from '../kit/control-plane.ts';
import { startController } from '../kit/controllers.ts';
import { KubeObjects, type KubeObject } from '../kit/kube-objects.ts';
import { MeshInCluster } from '../kit/mesh-in-cluster.ts';
import { runMaesh } from '../kit/run-maesh.ts';
import { installSmi } from '../kit/smi-definitions.ts';
import { until } from '../kit/until.ts';

const withinMs = 40_000;
const at = { mesh: 'maesh', services: 'store' };

/** `<wrong|right>`: each mistake, and what mends it. */
const manifests = `
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: store, annotations: { mesh.traefik.io/retry-attempts: '<many|3>' } }
spec: { selector: { app: shop }, ports: [{ port: 80, targetPort: <nope|8080> }] }
---
apiVersion: v1
kind: Service
metadata: { name: v1, namespace: store }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: v2, namespace: store, annotations: { maesh.containo.us/circuit-breaker-expression: NetworkErrorRatio() > <half|0.5> } }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: inner, namespace: store, annotations: { mesh.traefik.io/<ratelimit|max-connections>: '1' } }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: outer, namespace: store }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: top, namespace: store }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: alone, namespace: store }
spec: { ports: [{ name: web, port: 80 }, { name: admin, port: 81, protocol: <UDP|TCP> }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: shop, namespace: store }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: web, namespace: store }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: node, namespace: store }
---
apiVersion: v1
kind: Pod
metadata: { name: shop-0, namespace: store, labels: { app: shop } }
spec: { serviceAccountName: shop, containers: [{ name: shop, image: localhost/any }] }
status: { phase: Running, podIP: 10.131.0.1, podIPs: [{ ip: 10.131.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: node-0, namespace: store }
spec: { serviceAccountName: node, hostNetwork: true, containers: [{ name: node, image: localhost/any }] }
status: { phase: Running, podIP: 10.131.9.9, podIPs: [{ ip: 10.131.9.9 }] }
---
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: { name: backend, namespace: store }
spec: { service: shop, backends: [{ service: v1, weight: 1 }, { service: <nobody|v2>, weight: 1 }] }
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: conflict, namespace: store }
spec: { service: shop, matches: [<|{ kind: HTTPRouteGroup, name: api }>], backends: [{ service: v1, weight: 1 }] }
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: cycle, namespace: store }
spec: { service: v1, backends: [{ service: <v1|v2>, weight: 1 }] }
---
apiVersion: split.smi-spec.io/v1alpha3
kind: TrafficSplit
metadata: { name: matches, namespace: store }
spec: { service: shop, matches: [{ kind: HTTPRouteGroup, name: <missing|api> }], backends: [{ service: v1, weight: 1 }] }
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: inner, namespace: store }
spec: { service: inner, matches: [{ kind: HTTPRouteGroup, name: api }], backends: [{ service: v2, weight: 1 }] }
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: nested, namespace: store }
spec: { service: outer, backends: [{ service: <inner|v1>, weight: 1 }, { service: v2, weight: <-1|1> }] }
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: root, namespace: store }
spec: { service: <nobody|top>, backends: [{ service: outer, weight: 1 }] }
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: { name: api, namespace: store }
spec: { matches: [{ name: api, pathRegex: /api }] }
---
apiVersion: specs.smi-spec.io/v1alpha1
kind: HTTPRouteGroup
metadata: { name: look-ahead, namespace: store }
matches: [{ name: any, pathRegex: '<(?=/api)|/api>', methods: ['*'] }]
---
apiVersion: access.smi-spec.io/v1alpha1
kind: TrafficTarget
metadata: { name: account, namespace: store }
destination: { kind: ServiceAccount, name: shop, namespace: store }
sources: [{ kind: <Group|ServiceAccount>, name: web, namespace: store }]
---
apiVersion: access.smi-spec.io/v1alpha2
kind: TrafficTarget
metadata: { name: address, namespace: store }
spec: { destination: { kind: ServiceAccount, name: shop }, sources: [{ kind: ServiceAccount, name: <node|web>, namespace: store }] }
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: { name: port, namespace: store }
spec: { destination: { kind: ServiceAccount, name: shop, port: <9999|80> }, sources: [{ kind: ServiceAccount, name: web, namespace: store }] }
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: { name: rules, namespace: store }
spec:
  destination: { kind: ServiceAccount, name: shop }
  sources: [{ kind: ServiceAccount, name: web, namespace: store }]
  rules: [{ kind: HTTPRouteGroup, name: <missing|api> }, { kind: TCPRoute, name: <none|all> }]
---
apiVersion: specs.smi-spec.io/v1alpha3
kind: TCPRoute
metadata: { name: all, namespace: store }
`;

/** Something that is said of an object. */
interface Said {
  /** `TrafficSplit canary`. */
  readonly object: string;
  readonly reason: string;
  readonly message: string;
}

function sorted(said: readonly Said[]): readonly Said[] {
  return said.toSorted((a, b) => byText(JSON.stringify(a), JSON.stringify(b)));
}

/** What `maesh check` prints of manifests, in its order. */
async function checked(text: string): Promise<readonly Said[]> {
  const { stdout, stderr } = await runMaesh(['check', '--acl', '-o', 'json', '-f', '-'], { input: text });
  assert.equal(stderr, '');
  const { problems } = JSON.parse(stdout) as { readonly problems: readonly ProblemJson[] };
  return problems.map(({ kind, name, code, message, advice }) => ({
    object: `${kind} ${name}`,
    reason: reasonOf(code as ProblemCode),
    message: `${message}. ${advice}`,
  }));
}

/** By object, what a condition that says all of it says. */
function conditionsOf(said: readonly Said[]): ReadonlyMap<string, Omit<Said, 'object'>> {
  const ofKinds = said.filter(({ object }) => kindsWithStatus.some((kind) => object.startsWith(`${kind} `)));
  return new Map(
    [...Map.groupBy(ofKinds, ({ object }) => object)].map(([object, all]) => [
      object,
      { reason: all[0]?.reason ?? '', message: all.map(({ message }) => message).join(' ') },
    ]),
  );
}

test('mistakes are on their objects in a cluster as maesh check prints them, until they are mended', async () => {
  const wrong = manifests.replaceAll(/<([^|>]*)\|([^>]*)>/g, '$1');
  const right = manifests.replaceAll(/<([^|>]*)\|([^>]*)>/g, '$2');
  const expected = await checked(wrong);
  assert.deepEqual(expected.map(({ object, reason }) => `${object} ${reason}`).toSorted(), [
    'HTTPRouteGroup look-ahead RegexInvalid',
    'Service alone PortProtocol',
    'Service inner ServiceAnnotation',
    'Service shop ServiceAnnotation',
    'Service shop TargetPortUnresolved',
    'Service v2 ServiceAnnotation',
    'TrafficSplit backend SplitBackend',
    'TrafficSplit conflict SplitConflict',
    'TrafficSplit cycle SplitCycle',
    'TrafficSplit matches SplitMatches',
    'TrafficSplit nested SplitNested',
    'TrafficSplit nested SplitWeight',
    'TrafficSplit root SplitRoot',
    'TrafficTarget account AccessAccount',
    'TrafficTarget address AccessAddress',
    'TrafficTarget port AccessPort',
    'TrafficTarget rules AccessRule',
    'TrafficTarget rules AccessRule',
  ]);
  assert.deepEqual(await checked(right), []);

  await using plane = await startControlPlane();
  using objects = new KubeObjects(plane.admin);
  await new MeshInCluster(objects, at).prepare();
  await installSmi(objects);
  await using controller = await startController({
    kubeConfig: plane.kubeconfig,
    namespace: at.mesh,
    watchNamespaces: [at.services],
    proxyAddress: '127.131.251.1',
    acl: true,
  });

  /** Waits until this is what Events and statuses say, and nothing else. */
  async function reported(applied: readonly KubeObject[], wanted: readonly Said[]): Promise<void> {
    const conditions = conditionsOf(wanted);
    await until(
      `${wanted.length} mistakes to be on their objects`,
      async () => {
        const events = await objects.list(`/api/v1/namespaces/${at.services}/events`);
        const said = events
          .filter(({ reportingComponent }) => reportingComponent === 'mesh.traefik.io/maesh')
          .map(({ involvedObject, reason, message }): Said => {
            const { kind, name } = involvedObject as { readonly kind: string; readonly name: string };
            return { object: `${kind} ${name}`, reason: String(reason), message: String(message) };
          });
        assert.deepEqual(sorted(said), sorted(wanted));
        for (const object of applied) {
          const { status } = ((await objects.get(object)) ?? {}) as {
            readonly status?: { readonly conditions?: readonly (Omit<Said, 'object'> & { type: string })[] };
          };
          const found = status?.conditions?.find(({ type }) => type === 'Accepted');
          const name = `${object.kind} ${object.metadata.name}`;
          assert.deepEqual(
            found && { reason: found.reason, message: found.message },
            conditions.get(name),
            name,
          );
        }
        return true;
      },
      withinMs,
    );
  }

  await reported(await objects.applyYaml(wrong), expected);
  await reported(await objects.applyYaml(right), []);
  assert.deepEqual(
    controller.log.lines.filter(({ level }) => level === 'error'),
    [],
  );
});
