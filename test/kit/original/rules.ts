// The rules of the original's routers, in the language of Traefik 2, and their priorities.

import type { KubeHttpMatch, KubeService } from '../../../src/model/objects.ts';

/** What stands before what, from the last to the first. */
export const level = { service: 1, target: 2, targetIndirect: 3, split: 4 };

/** Requests for a service, by any of its names. */
export function hostRule({ name, namespace, clusterIPs }: KubeService): string {
  const names = [`${name}.${namespace}.traefik.mesh`, `${name}.${namespace}.maesh`, clusterIPs[0] ?? ''];
  return names.map((host) => `Host(\`${host}\`)`).join(' || ');
}

/** Those of a service that fit any of some matches. A match without a condition was passed over. */
export function narrowedRule(rule: string, matches: readonly KubeHttpMatch[]): string {
  const alternatives = matches.map(matchRule).filter((text) => text !== '');
  return alternatives.length === 0 ? rule : `(${rule}) && (${alternatives.join(' || ')})`;
}

/** Those that have come by another proxy: the second hop of a split. */
export function indirectRule(rule: string): string {
  return `(${rule}) && HeadersRegexp(\`X-Forwarded-For\`, \`.+\`)`;
}

/** The priority of a router. A rule with more conditions stands before one with fewer of the same level. */
export function priorityOf(rule: string, ofLevel: number): number {
  return ofLevel * 1000 + (rule.match(/&&|\|\|/g)?.length ?? 0);
}

function matchRule({ pathRegex, methods, headers }: KubeHttpMatch): string {
  const conditions: string[] = [];
  if (pathRegex !== '') conditions.push(`PathPrefix(\`/{path:${pathRegex.replace(/^\//, '')}}\`)`);
  if (methods.length > 0 && !methods.includes('*'))
    conditions.push(`Method(${methods.map((method) => `\`${method}\``).join(', ')})`);
  for (const { name, regex } of headers) conditions.push(`HeadersRegexp(\`${name}\`, \`${regex}\`)`);
  return conditions.length < 2 ? conditions.join('') : `(${conditions.join(' && ')})`;
}
