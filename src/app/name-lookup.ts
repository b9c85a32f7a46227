// What DNS says of the names of a service to who asks from here: in a pod, what every pod on its node is told.

import { Resolver } from 'node:dns/promises';

import { shadowName } from '../apply/shadow-name.ts';
import { byText, type ServiceKey } from '../model/key.ts';
import { systemClock } from '../runtime/clock.ts';
import type { NameJson, NamesJson } from '../serve/http/api-types.ts';

/** How names are made and asked for. */
export interface NameLookupOptions {
  /** The mesh's own namespace. */
  readonly namespace: string;
  readonly meshDomains: readonly string[];
  readonly clusterDomain: string;
  /** Name servers, as `address:port`, other than those of `/etc/resolv.conf`. */
  readonly nameServers?: readonly string[] | undefined;
}

/** Each server is asked twice, and waited for 2 and then 4 s. Not by getaddrinfo: its threads are those of files too. */
const patience = { timeout: 2_000, tries: 2 };

/** Asks for all names of a service, each as a whole: search lists don't count. Its shadow Service's own comes first. */
export async function lookUpNames(service: ServiceKey, options: NameLookupOptions): Promise<NamesJson> {
  const { namespace: meshNamespace, meshDomains, clusterDomain, nameServers } = options;
  // One that is made now has read resolv.conf now.
  const resolver = new Resolver(patience);
  if (nameServers !== undefined) resolver.setServers(nameServers);
  const [namespace = '', name = ''] = service.split('/');
  const shadow = shadowName(meshNamespace, service);
  const own = { name: `${shadow}.${meshNamespace}.svc.${clusterDomain}`, domain: null };
  const meshed = meshDomains.map((domain) => ({ name: `${name}.${namespace}.${domain}`, domain }));
  return { names: await Promise.all([own, ...meshed].map((each) => lookUp(each, resolver))) };
}

async function lookUp(
  { name, domain }: Pick<NameJson, 'name' | 'domain'>,
  resolver: Resolver,
): Promise<NameJson> {
  const begun = systemClock.now();
  const answers = await Promise.all([
    resolver.resolve4(name).catch(failureCode),
    resolver.resolve6(name).catch(failureCode),
  ]);
  const ms = Math.round(systemClock.now() - begun);
  const addresses = answers.flatMap((answer) => (typeof answer === 'string' ? [] : answer));
  if (addresses.length > 0) return { name, domain, addresses: addresses.toSorted(byText), error: null, ms };
  const codes = answers.filter((answer) => typeof answer === 'string');
  // That a name has no address of one family says less than whatever happened to the other question.
  const error = codes.find((code) => code !== 'ENODATA') ?? 'ENODATA';
  return { name, domain, addresses: [], error, ms };
}

function failureCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
