// What can be wrong with a TrafficSplit, in the words that its author reads.

import type { KubeTrafficSplit } from './objects.ts';
import { objectSubject, type Problem } from './problem.ts';
import type { ProblemCode } from './problem-codes.ts';
import type { TrafficType } from './topology.ts';

type Maker<A extends readonly unknown[]> = (split: KubeTrafficSplit, ...details: A) => Problem;

function of(
  split: KubeTrafficSplit,
  code: ProblemCode,
  [message, advice]: readonly [string, string],
): Problem {
  return { code, subject: objectSubject(split), message, advice };
}

function named({ service }: KubeTrafficSplit): string {
  return `service "${service}"`;
}

/** The end of the advice where a split does nothing. */
const ownPods = "Until then requests go to the root's own pods, unless another TrafficSplit takes them.";
const others = 'The other backends share what it would get.';

/** Makers of problems, by what is wrong. */
export const splitProblem: {
  readonly noRoot: Maker<[]>;
  readonly noBackend: Maker<[service: string]>;
  readonly noPort: Maker<[service: string, port: number]>;
  readonly otherTraffic: Maker<
    [service: string, port: number, traffic: { is: TrafficType; wanted: TrafficType }]
  >;
  readonly negative: Maker<[service: string, weight: number]>;
  readonly nothingLeft: Maker<[port: number]>;
  readonly cycle: Maker<[]>;
  readonly conflict: Maker<[other: KubeTrafficSplit]>;
  readonly noRouteGroup: Maker<[name: string]>;
  readonly notHttp: Maker<[port: number, traffic: TrafficType]>;
  readonly nested: Maker<[service: string]>;
  readonly tooLarge: Maker<[count: number, most: number]>;
} = {
  noRoot: (split) =>
    of(split, 'MAESH_SPLIT_ROOT', [
      `${named(split)}, whose requests are to be split, is no service of the mesh in namespace ${split.namespace}`,
      'Name a Service of the same namespace that the mesh serves.',
    ]),
  noBackend: (split, service) =>
    of(split, 'MAESH_SPLIT_BACKEND', [
      `backend "${service}" is no service of the mesh in namespace ${split.namespace}, so it gets nothing`,
      `Name a Service of the same namespace that the mesh serves. ${others}`,
    ]),
  noPort: (split, service, port) =>
    of(split, 'MAESH_SPLIT_BACKEND', [
      `backend "${service}" has no port ${port}, which ${named(split)} has, so it gets nothing of what is sent there`,
      `Give it a port of that number; its targetPort may be another. ${others}`,
    ]),
  otherTraffic: (split, service, port, { is, wanted }) =>
    of(split, 'MAESH_SPLIT_BACKEND', [
      `port ${port} of backend "${service}" is of traffic type ${is}, but that of ${named(split)} is ${wanted}, so the backend gets nothing of what is sent there`,
      `Give both the same traffic type (annotation mesh.traefik.io/traffic-type). ${others}`,
    ]),
  negative: (split, service, weight) =>
    of(split, 'MAESH_SPLIT_WEIGHT', [
      `the weight of backend "${service}" is ${weight}, which counts as 0`,
      'Give a whole number from 0.',
    ]),
  nothingLeft: (split, port) =>
    of(split, 'MAESH_SPLIT_WEIGHT', [
      `there is no backend with a weight above 0 that could take what is sent to port ${port} of ${named(split)}`,
      `Give at least one of them a weight above 0. ${ownPods}`,
    ]),
  cycle: (split) =>
    of(split, 'MAESH_SPLIT_CYCLE', [
      `its backends lead back to ${named(split)}, by themselves or by their own TrafficSplits`,
      `Take the root out of the backends: what is to stay with its own pods needs a Service of its own. ${ownPods}`,
    ]),
  conflict: (split, other) =>
    of(split, 'MAESH_SPLIT_CONFLICT', [
      `all requests of ${named(split)} are split by TrafficSplit "${other.name}" already, whose name sorts first`,
      'Remove one of the two, or give one of them matches. Until then this one does nothing.',
    ]),
  noRouteGroup: (split, name) =>
    of(split, 'MAESH_SPLIT_MATCHES', [
      `there is no HTTPRouteGroup "${name}" in namespace ${split.namespace} that could tell which requests are split`,
      `Make one, or take it out of the matches. ${ownPods}`,
    ]),
  notHttp: (split, port, traffic) =>
    of(split, 'MAESH_SPLIT_MATCHES', [
      `its matches are about HTTP requests, but port ${port} of ${named(split)} is of traffic type ${traffic}`,
      `Remove the matches, or set the traffic type of the service to http. ${ownPods}`,
    ]),
  nested: (split, service) =>
    of(split, 'MAESH_SPLIT_NESTED', [
      `backend "${service}" has a TrafficSplit with matches, which is not looked at for requests that come by this one`,
      'Name the backends of that TrafficSplit here, or give this one the matches.',
    ]),
  tooLarge: (split, count, most) =>
    of(split, 'MAESH_SPLIT_SIZE', [
      `its ${count} combinations of a match with a backend are more than the ${most} that proxies are told`,
      `Use fewer matches, each with a broader regular expression. ${ownPods}`,
    ]),
};
