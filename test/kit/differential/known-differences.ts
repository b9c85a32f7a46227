// Every way in which a mesh of ours is known to answer unlike the original, with its reason: the same table as in
// docs/differences.md. A difference that none of these explains fails the test, as does one that no longer occurs.

import type { Finding } from './compare.ts';

/** A difference, and which findings it is the reason of. */
export interface KnownDifference {
  /** As in the first column of docs/differences.md. */
  readonly name: string;
  readonly explains: (finding: Finding) => boolean;
}

/** Findings of cases with a trait. `header` and `host` are the same whatever the case. */
function ofTrait(
  trait: string,
  fits: (finding: Finding) => boolean = () => true,
): KnownDifference['explains'] {
  return (finding) => finding.case.traits.has(trait) && isOutcome(finding) && fits(finding);
}

function isOutcome({ what }: Finding): boolean {
  return what === 'status' || what === 'pods' || what.startsWith('share ');
}

/** What the original answered in place of a Service that it left unconfigured, or whose router Traefik refused. */
function isUnrouted({ what, original }: Finding): boolean {
  return what === 'status' ? original.split(' ').includes('404') : isNothing(original);
}

/** Whether no pod had got anything. */
function isNothing(original: string): boolean {
  return original === '' || original.startsWith('0 of ');
}

/** Whether requests that one pod doesn't take go to another here. */
function isSentElsewhere({ case: { traits }, probe: { path } }: Finding): boolean {
  return traits.has('dead pod beside others') && !traits.has('retry-attempts') && path !== '/drop';
}

function without(statuses: string, status: string): string {
  return statuses
    .split(' ')
    .filter((each) => each !== status)
    .join(' ');
}

/** Whether the statuses are the same but for those of a proxy without an answer of a pod: 502, and 500 over HTTP/2. */
function isNoAnswer(finding: Finding): boolean {
  const { what, original, here, probe } = finding;
  if (what !== 'status' || isSentElsewhere(finding)) return false;
  const own = probe.path === '/drop' ? ['500', '502'] : ['502'];
  const statuses = original.split(' ').map((status) => (own.includes(status) ? '503' : status));
  return [...new Set(statuses)].toSorted().join(' ') === here;
}

/** Explained in this order: by the first that fits. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    name: 'a bad annotation',
    explains: ofTrait('bad annotation', isUnrouted),
  },
  { name: 'numbers of breakers', explains: ofTrait('number without a point', isUnrouted) },
  {
    name: 'a pod that refuses connections',
    explains: (finding) =>
      isSentElsewhere(finding) &&
      finding.what === 'status' &&
      without(finding.original, '502') === finding.here,
  },
  { name: 'status of a proxy that gets no answer', explains: isNoAnswer },
  {
    name: 'a split in which nobody has a weight',
    explains: ofTrait('nobody has a weight', ({ what, original }) =>
      what === 'status' ? original === '503' : isNothing(original),
    ),
  },
  {
    name: 'a backend that lacks a port',
    explains: ofTrait('backend lacks a port', ({ what }) => what !== 'status'),
  },
  {
    name: 'a split that leads to a circle',
    explains: ofTrait('leads to a circle', ({ what }) => what !== 'status'),
  },
  {
    name: 'a nested split with matches',
    explains: ofTrait('nested with matches', ({ what }) => what !== 'status'),
  },
  { name: 'a match without conditions', explains: ofTrait('match without conditions') },
  {
    name: 'alternatives of paths',
    explains: ofTrait('alternatives of paths', ({ what }) => what !== 'status'),
  },
  {
    name: 'matches of a TCP or UDP split',
    explains: ofTrait('matches of connections', ({ what }) => what !== 'status'),
  },
  {
    name: 'the target port of a TCP or UDP split',
    explains: ofTrait('another target port', ({ what, original, here }) =>
      what === 'status' ? original !== 'answered' && here === 'answered' : original.startsWith('0 of '),
    ),
  },
  {
    name: 'a Host with another port',
    explains: ofTrait('another port', ({ what, here }) => (what === 'status' ? here === '404' : here === '')),
  },
  {
    name: 'a caller with hostNetwork',
    explains: (finding) => isFromNode(finding) && isOutcome(finding) && isAllowedThere(finding),
  },
  { name: 'several TrafficTargets', explains: ofTrait('several targets', isAllowedHere) },
  {
    name: 'spec.destination.port',
    explains: (finding) =>
      ofTrait('port that is not the first')(finding) ||
      ofTrait('port of the service', isAllowedHere)(finding),
  },
  { name: 'a rule that is missing beside others', explains: ofTrait('one rule is missing', isAllowedHere) },
  { name: 'an HTTPRouteGroup without matches', explains: ofTrait('group without matches', isAllowedThere) },
  {
    name: 'rules of the backends of a split',
    explains: (finding) => finding.probe.isByChance === true && isPartlyAllowed(finding),
  },
  {
    name: 'x-forwarded-for of a client',
    explains: ofTrait(
      'x-forwarded-for of a client',
      (finding) => isAllowedHere(finding) || isAllowedThere(finding),
    ),
  },
  { name: 'sources of TCP', explains: ofTrait('sources of TCP', isAllowedThere) },
  { name: 'TCP without a TCPRoute', explains: ofTrait('TCP without a TCPRoute', isAllowedHere) },
  {
    name: 'Host behind a split',
    // `a`, `b` and `c` are backends.
    explains: ({ what, original }) => what === 'host' && /^[abc]\./.test(original),
  },
  {
    name: 'HTTP/2 over TLS',
    explains: ({ what, original, here }) => what === 'httpVersion' && original === '2.0' && here === '1.1',
  },
  {
    name: 'headers of the original',
    explains: ({ what }) => /^header (?:x-forwarded-(?:host|port|server)|x-real-ip)$/.test(what),
  },
  {
    name: 'accept-encoding',
    explains: ({ what, original, here }) =>
      what === 'header accept-encoding' && original === 'gzip' && here === '',
  },
  { name: 'x-forwarded-for', explains: isOneHop },
];

const refusals: ReadonlySet<string> = new Set(['403', 'closed', '']);

/** Whether pods with `hostNetwork` have the caller's address. */
function isFromNode({ case: { objects }, probe: { from = '' } }: Finding): boolean {
  return objects.some((object) => object.kind === 'Pod' && object.hostNetwork && object.ips.includes(from));
}

function isAllowedHere({ original }: Finding): boolean {
  return refusals.has(original);
}

function isAllowedThere({ here }: Finding): boolean {
  return refusals.has(here);
}

function isPartlyAllowed({ what, original, here }: Finding): boolean {
  return what === 'status' ? original === '200 403' && here === '403' : here.startsWith('0 of ');
}

/**
 * One address more than the client sent, where the original has one for each hop. Callers on loopback have the
 * address of the machine here.
 */
function isOneHop({ what, original, here, probe: { headers = {} } }: Finding): boolean {
  if (what !== 'header x-forwarded-for') return false;
  const sent = headers['x-forwarded-for'];
  const before = sent === undefined ? [] : [sent];
  const [there, ours] = [original, here].map((value) => value.split(/, ?/));
  const isSent = (list: readonly string[] = []): boolean =>
    before.every((each, index) => list[index] === each);
  return isSent(there) && isSent(ours) && ours?.length === before.length + 1;
}
