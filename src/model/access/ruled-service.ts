// A service as rules see it: whose its pods are.

import { byText, objectKey, type ObjectKey, type ServiceKey } from '../key.ts';
import { addTo } from '../maps.ts';
import type { KubeService } from '../objects.ts';
import type { PortDraft, ServiceDraft } from '../services.ts';
import type { ObjectView } from '../store.ts';
import type { PodIdentities } from './pod-identities.ts';
import type { RuledPort, RuledPorts } from './port-rules.ts';

/** What rules ask about a service. */
export interface RuledService extends RuledPorts {
  readonly key: ServiceKey;
  /** Of all pods that its selector means or its endpoints name, ready or not. */
  readonly accounts: ReadonlySet<ObjectKey>;
  /** Pods that its endpoints name and no selector means. */
  readonly namedPods: readonly ObjectKey[];
  /** Two services of one shape are ruled alike. */
  readonly shape: string;
}

/** Looks at a service. */
export function ruledService(
  key: ServiceKey,
  known: {
    readonly draft: ServiceDraft;
    readonly object: KubeService | undefined;
    readonly view: ObjectView;
    readonly identities: PodIdentities;
  },
): RuledService {
  const { draft, object, view, identities } = known;
  const accounts = new Set<ObjectKey>();
  for (const { namespace, serviceAccount, finished } of selectedPods(object, view)) {
    if (!finished) accounts.add(objectKey(namespace, serviceAccount));
  }
  const ports = draft.ports.map((port) => ruledPort(port, { object, identities }));
  for (const { podPorts } of ports) for (const account of podPorts.keys()) accounts.add(account);
  accounts.delete(nobody);
  const namedPods =
    object?.selector === undefined
      ? draft.ports.flatMap(({ endpoints }) => endpoints.flatMap(({ pod }) => pod ?? []))
      : [];
  return { key, accounts, ports, namedPods, shape: shapeOf(accounts, ports) };
}

/** Whose an endpoint is that is no pod's. */
const nobody = '';

function selectedPods(object: KubeService | undefined, view: ObjectView) {
  return object?.selector === undefined ? [] : view.podsMatching(object.namespace, object.selector);
}

function ruledPort(
  { key, port, traffic, endpoints }: PortDraft,
  { object, identities }: { readonly object: KubeService | undefined; readonly identities: PodIdentities },
): RuledPort {
  const podPorts = new Map<ObjectKey, Set<number>>();
  for (const endpoint of endpoints) {
    const account = endpoint.pod === undefined ? undefined : identities.accountOf(endpoint.pod);
    addTo(podPorts, account ?? nobody, endpoint.port);
  }
  const protocol = traffic === 'udp' ? 'UDP' : 'TCP';
  const given = object?.ports.find((each) => each.port === port && each.protocol === protocol);
  return { key, port, traffic, targetPort: given?.targetPort ?? port, podPorts };
}

function shapeOf(accounts: ReadonlySet<ObjectKey>, ports: readonly RuledPort[]): string {
  const sorted = (values: Iterable<string>): readonly string[] => [...values].toSorted(byText);
  return JSON.stringify([
    sorted(accounts),
    ports.map(({ key, traffic, targetPort, podPorts }) => [
      key,
      traffic,
      targetPort,
      sorted(
        podPorts
          .entries()
          .map(([account, numbers]) => `${account} ${[...numbers].toSorted((a, b) => a - b).join()}`),
      ),
    ]),
  ]);
}
