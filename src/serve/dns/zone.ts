// What the mesh's domains hold: `service.namespace.<domain>` is an address, `namespace.<domain>` and the domain itself
// are names without one, and nothing else is there. Pure. Sources: RFC 1034 section 4.3.2, RFC 2308 (negative
// answers), RFC 8020 (a name above another exists), RFC 8482 (ANY), RFC 6303 (SOA and NS of a zone that is served locally).

import { isIPv4 } from 'node:net';

import type { Answer } from 'dns-packet';

import type { Query } from './query.ts';

/** What the zone is made of; asked at every query, so that an answer is never older than the mesh. */
export interface Names {
  /** Whether the mesh is known. Until then nobody can say which names exist. */
  isReady(): boolean;
  /** IPv4 address of a service; undefined where there is no such service. Names come in lower case. */
  lookup(namespace: string, service: string): string | undefined;
  /** Whether a service with an address lies in this namespace. */
  hasNamespace(namespace: string): boolean;
}

/** A domain of the mesh, such as `traefik.mesh`. */
export interface Domain {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Codes that the server answers with. */
export type Rcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED' | 'BADVERS';

/** The content of a response. */
export interface Outcome {
  readonly rcode: Rcode;
  readonly answers: readonly Answer[];
  /** The SOA record, in answers that say that something is not there. */
  readonly authorities: readonly Answer[];
  /** Whether the answer comes from a domain of ours. */
  readonly isAuthoritative: boolean;
}

/** Seconds for which an answer may be kept, also one that says that a name is not there: services come and go. */
export const ttlSeconds = 5;

/** A domain may be this long, so that no response outgrows the 512 bytes that every client takes. */
const maxDomainBytes = 90;

const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads a domain name. Throws a RangeError for what is none, or is longer than 90 bytes. */
export function parseDomain(text: string): Domain {
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (name.length > maxDomainBytes || !labels.every((label) => hostLabel.test(label))) {
    throw new RangeError(
      `Cannot serve domain ${JSON.stringify(text)}: it is not a host name of at most ${maxDomainBytes} characters`,
    );
  }
  return { name, labels };
}

const types = { a: 1, ns: 2, soa: 6, any: 255 } as const;

/** Types that ask for something else than records, and what they get: OPT, TKEY, TSIG; IXFR, AXFR; MAILB, MAILA. */
const metaTypes: ReadonlyMap<number, Rcode> = new Map([
  [41, 'FORMERR'],
  [249, 'FORMERR'],
  [250, 'FORMERR'],
  [251, 'REFUSED'],
  [252, 'REFUSED'],
  [253, 'NOTIMP'],
  [254, 'NOTIMP'],
]);

const classIn = 1;

/** Answers a question from the domains. */
export function resolve(
  question: Pick<Query, 'labels' | 'type' | 'class'>,
  zone: { readonly domains: readonly Domain[]; readonly names: Names },
): Outcome {
  const metaRcode = metaTypes.get(question.type);
  if (metaRcode !== undefined) return withoutRecords(metaRcode);
  const labels = question.labels.map((label) => label.toLowerCase());
  const domain = zone.domains.find((candidate) => isWithin(labels, candidate));
  if (domain === undefined || question.class !== classIn) return withoutRecords('REFUSED');
  if (!zone.names.isReady()) return withoutRecords('SERVFAIL');
  const owned = recordsAt(labels.slice(0, -domain.labels.length), domain, zone.names);
  if (owned === undefined) return negative('NXDOMAIN', domain);
  const answers = owned
    .filter((record) => question.type === types.any || question.type === types[record.kind])
    .map((record) => record.make(question.labels.join('.')));
  // ANY is answered by one record, not by all: RFC 8482 section 4.1.
  return answers.length === 0 ? negative('NOERROR', domain) : positive(answers.slice(0, 1));
}

function isWithin(labels: readonly string[], domain: Domain): boolean {
  const offset = labels.length - domain.labels.length;
  return offset >= 0 && domain.labels.every((label, index) => labels[offset + index] === label);
}

interface OwnedRecord {
  readonly kind: 'a' | 'ns' | 'soa';
  make(owner: string): Answer;
}

/** Records of a name, given by its labels above the domain; empty for a name without any, undefined for no name. */
function recordsAt(
  labels: readonly string[],
  domain: Domain,
  names: Names,
): readonly OwnedRecord[] | undefined {
  const [first, second, ...more] = labels;
  if (first === undefined) {
    return [
      { kind: 'soa', make: () => soa(domain) },
      { kind: 'ns', make: (name) => ({ type: 'NS', name, ttl: ttlSeconds, data: domain.name }) },
    ];
  }
  // What could not be the name of an object is not looked up: a label may hold any byte, a slash as well.
  if (more.length > 0 || !labels.every((label) => hostLabel.test(label))) return undefined;
  if (second === undefined) return names.hasNamespace(first) ? [] : undefined;
  const address = names.lookup(second, first);
  if (address === undefined) return undefined;
  // The library would encode anything as some address.
  if (!isIPv4(address)) throw new RangeError(`Cannot answer with ${address}: it is not an IPv4 address`);
  return [{ kind: 'a', make: (name) => ({ type: 'A', name, ttl: ttlSeconds, data: address }) }];
}

function withoutRecords(rcode: Rcode): Outcome {
  return { rcode, answers: [], authorities: [], isAuthoritative: false };
}

function positive(answers: readonly Answer[]): Outcome {
  return { rcode: 'NOERROR', answers, authorities: [], isAuthoritative: true };
}

function negative(rcode: 'NOERROR' | 'NXDOMAIN', domain: Domain): Outcome {
  return { rcode, answers: [], authorities: [soa(domain)], isAuthoritative: true };
}

function soa(domain: Domain): Answer {
  return {
    type: 'SOA',
    name: domain.name,
    ttl: ttlSeconds,
    data: {
      // As RFC 6303 section 3 has it: the zone has no server with a name of its own, and nobody to write to.
      mname: domain.name,
      rname: 'nobody.invalid',
      serial: 1,
      refresh: 3600,
      retry: 1200,
      expire: 604_800,
      minimum: ttlSeconds,
    },
  };
}
