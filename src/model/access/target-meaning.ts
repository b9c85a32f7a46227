// What a TrafficTarget says by itself and by the routes that it names, whatever services and pods there are. What can't be
// made out allows nothing.

import { httpMatch, isEveryRequest } from '../http-match.ts';
import { byText, objectKey, type ObjectKey } from '../key.ts';
import type { KubeIdentity, KubeTrafficRule, KubeTrafficTarget } from '../objects.ts';
import type { Problem } from '../problem.ts';
import type { SmiView } from '../smi-store.ts';
import type { HttpMatch, TrafficType } from '../topology.ts';
import { targetProblem } from './target-problems.ts';

/** What is allowed on ports of one traffic type, one part of it. */
export interface Permit {
  /** Absent: every request. */
  readonly matches?: readonly HttpMatch[];
  /** Ports that are meant, as the service or its pods number them. Absent: all are. */
  readonly ports?: readonly number[];
}

/** A TrafficTarget as it is understood. */
export interface TargetMeaning {
  readonly target: KubeTrafficTarget;
  /** Absent where it is none that there can be. */
  readonly destination?: ObjectKey;
  /** Service accounts, sorted, each once. */
  readonly sources: readonly ObjectKey[];
  readonly permits: Readonly<Record<TrafficType, readonly Permit[]>>;
  readonly problems: readonly Problem[];
}

/** Understands a TrafficTarget. */
export function readTarget(target: KubeTrafficTarget, smi: SmiView): TargetMeaning {
  const problems: Problem[] = [];
  const { kind } = target.destination;
  if (kind !== 'ServiceAccount') problems.push(targetProblem.destinationKind(target, kind));
  return {
    target,
    ...(kind === 'ServiceAccount' && { destination: keyOf(target.destination) }),
    sources: sourcesOf(target, problems),
    permits: permitsOf(target, { smi, problems }),
    problems,
  };
}

function keyOf({ namespace, name }: KubeIdentity): ObjectKey {
  return objectKey(namespace, name);
}

function sourcesOf(target: KubeTrafficTarget, problems: Problem[]): readonly ObjectKey[] {
  const sources = new Set<ObjectKey>();
  for (const source of target.sources) {
    const { kind, name, namespace } = source;
    if (kind !== 'ServiceAccount') problems.push(targetProblem.sourceKind(target, name, kind));
    else if (namespace === '') problems.push(targetProblem.sourceNamespace(target, name));
    else sources.add(keyOf(source));
  }
  return [...sources].toSorted(byText);
}

interface Reading {
  readonly smi: SmiView;
  readonly problems: Problem[];
}

/** Everything, where there are no rules, as in the original. */
function permitsOf(target: KubeTrafficTarget, reading: Reading): TargetMeaning['permits'] {
  if (target.rules.length === 0) return { http: [{}], tcp: [{}], udp: [{}] };
  const ofKind = (kind: KubeTrafficRule['kind']): readonly KubeTrafficRule[] =>
    target.rules.filter((rule) => rule.kind === kind);
  const groups = ofKind('HTTPRouteGroup');
  const tcp = ofKind('TCPRoute').flatMap((rule) => permitOfPorts(target, rule, reading));
  return {
    // As in the original: a TCPRoute allows all requests where nothing says which.
    http: groups.length === 0 ? tcp : groups.flatMap((rule) => permitOfGroup(target, rule, reading)),
    tcp,
    udp: ofKind('UDPRoute').flatMap((rule) => permitOfPorts(target, rule, reading)),
  };
}

function permitOfPorts(
  target: KubeTrafficTarget,
  rule: KubeTrafficRule,
  { smi, problems }: Reading,
): Permit[] {
  const key = objectKey(target.namespace, rule.name);
  const route = rule.kind === 'TCPRoute' ? smi.tcpRoute(key) : smi.udpRoute(key);
  if (route === undefined) {
    problems.push(targetProblem.noRoute(target, rule));
    return [];
  }
  return [route.ports.length === 0 ? {} : { ports: route.ports }];
}

function permitOfGroup(
  target: KubeTrafficTarget,
  rule: KubeTrafficRule,
  { smi, problems }: Reading,
): Permit[] {
  const group = smi.routeGroup(objectKey(target.namespace, rule.name));
  if (group === undefined) {
    problems.push(targetProblem.noRoute(target, rule));
    return [];
  }
  if (group.matches.length === 0) problems.push(targetProblem.emptyGroup(target, rule.name));
  for (const name of new Set(rule.matches)) {
    if (!group.matches.some((match) => match.name === name))
      problems.push(targetProblem.noMatch(target, rule, name));
  }
  const matches = group.matches
    .filter(({ name }) => rule.matches.length === 0 || rule.matches.includes(name))
    .map(httpMatch);
  // One that asks for nothing allows everything, which the original forgot beside others.
  if (matches.some(isEveryRequest)) return [{}];
  return matches.length === 0 ? [] : [{ matches }];
}
