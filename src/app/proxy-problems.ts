// What proxies refuse, as problems on the objects that it was made of.

import { eachOnce, type Refused } from '../apply/told-refusals.ts';
import type { ServiceKey } from '../model/key.ts';
import { byProblem, type Problem, type Subject } from '../model/problem.ts';
import type { Rejection } from '../serve/xds/observer.ts';

/** One problem for each refused resource, sorted: on its service where it was made of one, else on the proxy. */
export function proxyProblems(rejections: readonly Rejection[]): readonly Problem[] {
  return rejections.map((each) => problemOf(each, `proxy ${each.node}`)).toSorted(byProblem);
}

/** Of what is refused, that which was made of one service. */
export function refusedOf(rejections: readonly Rejection[]): readonly Refused[] {
  return rejections.flatMap(({ services: [service, ...others], typeUrl, name, message }) =>
    service === undefined || others.length > 0 ? [] : [{ typeUrl, name, service, message }],
  );
}

/**
 * What is refused of services, sorted: one problem for each resource, however many proxies refuse it, that stays the same
 * whichever they are.
 */
export function refusedOfServices(
  refused: Iterable<Refused>,
  uidOf: (service: ServiceKey) => string | undefined,
): readonly Problem[] {
  return eachOnce(refused)
    .map(({ service, ...resource }): Problem => {
      const uid = uidOf(service);
      const { subject, ...problem } = problemOf({ ...resource, services: [service], node: '' }, 'a proxy');
      return { ...problem, subject: { ...subject, ...(uid !== undefined && { uid }) } };
    })
    .toSorted(byProblem);
}

function problemOf(
  { node, typeUrl, name, services, message }: Omit<Rejection, 'version'>,
  who: string,
): Problem {
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
