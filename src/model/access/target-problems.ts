// What can be wrong with a TrafficTarget, in the words that its author reads.

import type { ObjectKey } from '../key.ts';
import type { KubeTrafficRule, KubeTrafficTarget } from '../objects.ts';
import { objectSubject, type Problem } from '../problem.ts';
import type { ProblemCode } from '../problem-codes.ts';
import type { SharedAddress } from './pod-identities.ts';

type Maker<A extends readonly unknown[]> = (target: KubeTrafficTarget, ...details: A) => Problem;

function of(
  target: KubeTrafficTarget,
  code: ProblemCode,
  [message, advice]: readonly [string, string],
): Problem {
  return { code, subject: objectSubject(target), message, advice };
}

/** Makers of problems, by what is wrong. */
export const targetProblem: {
  readonly destinationKind: Maker<[kind: string]>;
  readonly sourceKind: Maker<[name: string, kind: string]>;
  readonly sourceNamespace: Maker<[name: string]>;
  readonly noRoute: Maker<[rule: KubeTrafficRule]>;
  readonly noMatch: Maker<[rule: KubeTrafficRule, match: string]>;
  readonly emptyGroup: Maker<[name: string]>;
  readonly noPort: Maker<[port: number]>;
  readonly sharedAddress: Maker<[account: ObjectKey, shared: SharedAddress]>;
} = {
  destinationKind: (target, kind) =>
    of(target, 'MAESH_ACCESS_ACCOUNT', [
      `its destination is of kind ${JSON.stringify(kind)}, but only a ServiceAccount can be one`,
      'Name the service account of the pods that may be called. Until then the TrafficTarget allows nothing.',
    ]),
  sourceKind: (target, name, kind) =>
    of(target, 'MAESH_ACCESS_ACCOUNT', [
      `source "${name}" is of kind ${JSON.stringify(kind)}, but only a ServiceAccount can be one`,
      'Name the service account of the pods that may call. Until then this source is allowed nothing.',
    ]),
  sourceNamespace: (target, name) =>
    of(target, 'MAESH_ACCESS_ACCOUNT', [
      `source "${name}" has no namespace, so it is nobody`,
      'Give the namespace of the service account. Until then this source is allowed nothing.',
    ]),
  noRoute: (target, { kind, name }) =>
    of(target, 'MAESH_ACCESS_RULE', [
      `there is no ${kind} "${name}" in namespace ${target.namespace}`,
      'Make one, or take it out of the rules. Until then this rule allows nothing.',
    ]),
  noMatch: (target, { name }, match) =>
    of(target, 'MAESH_ACCESS_RULE', [
      `HTTPRouteGroup "${name}" has no match ${JSON.stringify(match)}`,
      'Name one that it has. Until then it allows nothing here.',
    ]),
  emptyGroup: (target, name) =>
    of(target, 'MAESH_ACCESS_RULE', [
      `HTTPRouteGroup "${name}" has no match, so it allows nothing`,
      'Give it matches, or remove all rules to allow everything.',
    ]),
  noPort: (target, port) =>
    of(target, 'MAESH_ACCESS_PORT', [
      `no service with pods of its destination has port ${port}, as its own or as a targetPort, so nothing is allowed`,
      'Give the port of such a service or of its pods, or leave it out to mean all of them.',
    ]),
  sharedAddress: (target, account, { address, with: sharer }) =>
    of(target, 'MAESH_ACCESS_ADDRESS', [
      `address ${address} of a pod of source "${account}" is ${
        sharer === 'node' ? "its node's" : 'that of pods of other service accounts'
      } too, so calls from there are nobody's and are denied`,
      sharer === 'node'
        ? 'Give pods that call others a network of their own (no hostNetwork).'
        : 'Let pods of one address have one service account.',
    ]),
};
