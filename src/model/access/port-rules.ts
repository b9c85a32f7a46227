// What TrafficTargets allow on the ports of one service.

import { byText, objectKey, type ObjectKey, type PortKey } from '../key.ts';
import type { AccessRule, TrafficType } from '../topology.ts';
import type { Permit, TargetMeaning } from './target-meaning.ts';

/** A service port, as far as rules ask about it. */
export interface RuledPort {
  readonly key: PortKey;
  readonly port: number;
  readonly traffic: TrafficType;
  /** A number or a name, as the Service says. */
  readonly targetPort: number | string;
  /** The numbers that it has on pods, by service account; under '' where an endpoint is no pod's. */
  readonly podPorts: ReadonlyMap<ObjectKey, ReadonlySet<number>>;
}

/** The ports of a service. */
export interface RuledPorts {
  readonly ports: readonly RuledPort[];
  /** Service accounts of its pods, ready or not. */
  readonly accounts: ReadonlySet<ObjectKey>;
}

/** What is allowed on each port of a service, and which TrafficTargets with a port mean one of them. */
export interface ServiceRules {
  readonly rules: ReadonlyMap<PortKey, readonly AccessRule[]>;
  readonly meant: ReadonlySet<ObjectKey>;
}

/** Applies TrafficTargets, whose destination is a service account of the service's pods, to its ports. */
export function portRules({ ports, accounts }: RuledPorts, targets: readonly TargetMeaning[]): ServiceRules {
  const rules = new Map<PortKey, AccessRule[]>();
  const meant = new Set<ObjectKey>();
  for (const meaning of targets.toSorted((a, b) => byText(keyOf(a), keyOf(b)))) {
    const { target, destination, sources } = meaning;
    if (destination === undefined) continue;
    const wanted = target.port === undefined ? ports : portsCalled(target.port, ports, destination);
    if (wanted.length > 0) meant.add(keyOf(meaning));
    for (const port of wanted) {
      const permits = meaning.permits[port.traffic].filter((permit) =>
        isPermitted(port, permit, { ports, destination }),
      );
      if (sources.length === 0 || permits.length === 0 || isElsewhere(port, destination)) continue;
      // Whether a pod is ready makes no difference: who comes to which pods is settled before others are ready.
      const isMixed = [...accounts, ...port.podPorts.keys()].some((account) => account !== destination);
      const list = rules.get(port.key) ?? [];
      rules.set(port.key, list);
      list.push({ sources, ...matchesOf(permits), ...(isMixed && { destination }) });
    }
  }
  return { rules, meant };
}

/**
 * Whether the port has endpoints, but none of the service account: a rule that leads nowhere must not be chosen before one
 * that leads to those. Where there is no endpoint at all, who is allowed is to know that from the answer.
 */
function isElsewhere({ podPorts }: RuledPort, destination: ObjectKey): boolean {
  return podPorts.size > 0 && !podPorts.has(destination);
}

/** The key of the TrafficTarget that is meant. */
export function keyOf({ target: { namespace, name } }: TargetMeaning): ObjectKey {
  return objectKey(namespace, name);
}

/**
 * The ports that a number stands for: those that have it on the pods, as the original and the SMI mean it, else the one
 * that the service gives it to.
 */
function portsCalled(
  number: number,
  ports: readonly RuledPort[],
  destination: ObjectKey,
): readonly RuledPort[] {
  const onPods = ports.filter((port) => hasOnPods(number, port, destination));
  return onPods.length > 0 ? onPods : ports.filter(({ port }) => port === number);
}

/** A name has to stand for the number on all pods: a rule for one port must not open another on some of them. */
function hasOnPods(number: number, { targetPort, podPorts }: RuledPort, destination: ObjectKey): boolean {
  if (typeof targetPort === 'number') return targetPort === number;
  const numbers = podPorts.get(destination);
  return numbers?.size === 1 && numbers.has(number);
}

function isPermitted(
  port: RuledPort,
  { ports: numbers }: Permit,
  { ports, destination }: { readonly ports: readonly RuledPort[]; readonly destination: ObjectKey },
): boolean {
  if (numbers === undefined) return true;
  return numbers.some((number) => portsCalled(number, ports, destination).includes(port));
}

function matchesOf(permits: readonly Permit[]): Pick<AccessRule, 'matches'> {
  const matches = permits.flatMap((permit) => permit.matches ?? []);
  return permits.some((permit) => permit.matches === undefined) ? {} : { matches };
}
