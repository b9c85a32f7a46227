// Endpoints as rules tell them apart. Endpoints and what says who may reach them are resources of their own, so a proxy gets
// the one before the other. A proxy that holds endpoints of some kinds may be given others of these kinds at any time: who
// reaches the ones may reach the others. Those of a kind that is new to it have to wait (serve/xds/access-fence.ts).

import { hash } from 'node:crypto';

import { byText, type PortKey } from '../../model/key.ts';
import type { Endpoint } from '../../model/topology.ts';
import { packEndpoints } from '../endpoints.ts';
import type { ServedPort } from '../names.ts';
import type { Label } from '../pack.ts';
import type { Resource } from '../resources.ts';

/** Stands for service account, service port and ports on the pods. */
type Kind = string;

/** Packs the endpoints of a port whose access is controlled. Their kinds are part of the version: `<hash>~<kind>.<kind>`. */
export function packWithKinds(port: ServedPort, services: Label['services']): Resource {
  const packed = packEndpoints(port, services);
  const kinds = new Set(groupsOf(port).flatMap((group) => [...kindsOf(group).values()]));
  return { ...packed, version: `${packed.version}~${[...kinds].toSorted(byText).join('.')}`, port };
}

/**
 * What of endpoints is of kinds that are in each of these versions. A version that names no kinds is that of a controller
 * without access control: it says nothing.
 */
export function withinKinds(resource: Resource, versions: readonly string[]): Resource {
  const { port } = resource;
  if (port === undefined) return resource;
  const own = kindsIn(resource.version) ?? [];
  const bounds = versions.flatMap((version) => {
    const kinds = kindsIn(version);
    return kinds === undefined ? [] : [kinds];
  });
  const kept = own.filter((kind) => bounds.every((kinds) => kinds.includes(kind)));
  return kept.length === own.length ? resource : onlyKinds(resource, port, kept);
}

const parts = new WeakMap<Resource, Map<string, Resource>>();

/** The same one for every proxy that is given it. */
function onlyKinds(whole: Resource, port: ServedPort, kinds: readonly Kind[]): Resource {
  const known = parts.get(whole) ?? new Map<string, Resource>();
  parts.set(whole, known);
  const id = kinds.join('.');
  const part = known.get(id) ?? packWithKinds(onlyOf(port, new Set(kinds)), whole.services);
  known.set(id, part);
  return part;
}

function kindsIn(version: string): readonly Kind[] | undefined {
  const [, kinds] = version.split('~');
  return kinds?.split('.').filter((kind) => kind !== '');
}

/** Endpoints that are ruled together: those of a service port. */
interface Group {
  readonly number: string;
  readonly endpoints: readonly Endpoint[];
}

function groupsOf(port: ServedPort): readonly Group[] {
  const [split] = port.splits ?? [];
  if (port.traffic === 'http' || split === undefined)
    return [{ number: String(port.port), endpoints: port.endpoints }];
  return split.backends.map(({ key, endpoints: own = [] }) => ({ number: numberOf(key), endpoints: own }));
}

/** By service account. */
function kindsOf({ number, endpoints: all }: Group): ReadonlyMap<string, Kind> {
  const numbers = new Map<string, Set<number>>();
  for (const { account = '', port } of all) {
    const known = numbers.get(account);
    if (known === undefined) numbers.set(account, new Set([port]));
    else known.add(port);
  }
  return new Map(
    [...numbers].map(([account, own]) => {
      const onPods = [...own].toSorted((a, b) => a - b).join();
      return [account, hash('sha256', `${account} ${number} ${onPods}`, 'hex').slice(0, 16)];
    }),
  );
}

function onlyOf(port: ServedPort, kept: ReadonlySet<Kind>): ServedPort {
  const some = (group: Group): readonly Endpoint[] => {
    const kinds = kindsOf(group);
    return group.endpoints.filter(({ account = '' }) => kept.has(kinds.get(account) ?? ''));
  };
  const [split] = port.splits ?? [];
  if (port.traffic === 'http' || split === undefined)
    return { ...port, endpoints: some({ number: String(port.port), endpoints: port.endpoints }) };
  const backends = split.backends.map((backend) => ({
    ...backend,
    endpoints: some({ number: numberOf(backend.key), endpoints: backend.endpoints ?? [] }),
  }));
  return { ...port, splits: [{ backends }] };
}

function numberOf(key: PortKey): string {
  return key.split('/')[2] ?? '';
}
