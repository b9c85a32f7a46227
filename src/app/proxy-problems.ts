// What proxies refuse, as problems on the objects that it was made of.

import { byText, type ServiceKey } from '../model/key.ts';
import { byProblem, type Problem, type Subject } from '../model/problem.ts';
import type { Rejection } from '../serve/xds/observer.ts';

/** One problem for each refused resource, sorted: on its service where it was made of one, else on the proxy. */
export function proxyProblems(rejections: readonly Rejection[]): readonly Problem[] {
  return rejections.map((each) => problemOf(each, `proxy ${each.node}`)).toSorted(byProblem);
}

/**
 * What is refused of services, sorted: one problem for each resource, however many proxies refuse it, that stays the same
 * whichever they are. What was made of several services is not among it.
 */
export function refusedOfServices(
  rejections: readonly Rejection[],
  uidOf: (service: ServiceKey) => string | undefined,
): readonly Problem[] {
  const byResource = new Map<string, Problem>();
  for (const rejection of rejections) {
    const [service, ...others] = rejection.services;
    if (service === undefined || others.length > 0) continue;
    const uid = uidOf(service);
    const { subject, ...problem } = problemOf(rejection, 'a proxy');
    const one = { ...problem, subject: { ...subject, ...(uid !== undefined && { uid }) } };
    const resource = `${rejection.typeUrl} ${rejection.name}`;
    const known = byResource.get(resource);
    if (known === undefined || byText(one.message, known.message) < 0) byResource.set(resource, one);
  }
  return [...byResource.values()].toSorted(byProblem);
}

function problemOf({ node, typeUrl, name, services, message }: Rejection, who: string): Problem {
  const type = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
  return {
    code: 'MAESH_PROXY_REJECTED',
    subject: subjectOf(services, node),
    message: `${who} refuses ${type} ${name}: ${message.trim()}`,
    advice: message.includes('Address already in use')
      ? 'End the program that has this address and port, or choose others with --addressRange or --httpPort; the proxy tries again when the service changes or it reconnects.'
      : 'The proxy goes on with what it had before. Undo the last change of the object; if there was none, this is a defect of Maesh, please report it.',
  };
}

function subjectOf(services: readonly string[], node: string): Subject {
  const [only, ...others] = services;
  if (only === undefined || others.length > 0) return { kind: 'Proxy', namespace: '', name: node };
  const [namespace = '', name = ''] = only.split('/');
  return { kind: 'Service', namespace, name };
}
