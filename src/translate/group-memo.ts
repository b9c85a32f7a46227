// Resources that several services share are made from a group of ports, and made again only when the group changes.

import type { SharedPort } from '../model/topology.ts';
import type { Resource } from './resources.ts';
import type { PlacedPort } from './service-resources.ts';

/** Ports that go into one resource, sorted. */
export interface Group {
  /** What the resource is called. */
  readonly name: string;
  /** At least one. */
  readonly ports: readonly [PlacedPort, ...PlacedPort[]];
}

/**
 * Makes the function that turns groups into resources. It hands out the resource of the last call for a group of the
 * same name that says the same; by default one whose ports are routed alike: that their endpoints have changed makes no
 * difference.
 */
export function createGroupMemo(
  make: (group: Group) => Resource,
  isSame: (a: Group, b: Group) => boolean = isAlike,
): (groups: readonly Group[]) => Resource[] {
  let last = new Map<string, { readonly group: Group; readonly resource: Resource }>();
  return (groups) => {
    const next: typeof last = new Map();
    for (const group of groups) {
      const known = last.get(group.name);
      const resource = known !== undefined && isSame(known.group, group) ? known.resource : make(group);
      next.set(group.name, { group, resource });
    }
    last = next;
    return [...last.values()].map(({ resource }) => resource);
  };
}

/** Sorts ports into groups by name; the groups come in no particular order. */
export function groupPorts(
  ports: readonly PlacedPort[],
  by: {
    readonly name: (placed: PlacedPort) => string;
    readonly order: (a: PlacedPort, b: PlacedPort) => number;
  },
): Group[] {
  const groups = new Map<string, [PlacedPort, ...PlacedPort[]]>();
  for (const placed of ports) {
    const name = by.name(placed);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [placed]);
    else group.push(placed);
  }
  for (const group of groups.values()) group.sort(by.order);
  return [...groups].map(([name, sorted]) => ({ name, ports: sorted }));
}

function isAlike(a: Group, b: Group): boolean {
  return (
    a.ports.length === b.ports.length && a.ports.every((port, index) => isRoutedAlike(port, b.ports[index]))
  );
}

/** Whether ports agree in everything that routes are made of; the key holds namespace, service and port. */
export function isRoutedAlike(a: PlacedPort, b: PlacedPort | undefined): boolean {
  return (
    b !== undefined &&
    a.port.key === b.port.key &&
    a.number === b.number &&
    a.port.policy === b.port.policy &&
    a.port.access === b.port.access &&
    // Of TCP ports it is endpoints that a split changes.
    (a.port.traffic !== 'http' || a.port.splits === b.port.splits) &&
    isSharedAlike(a.port.sharedPorts, b.port.sharedPorts)
  );
}

function isSharedAlike(a: readonly SharedPort[] = [], b: readonly SharedPort[] = []): boolean {
  return (
    a.length === b.length &&
    a.every(({ port, isLeft }, index) => port === b[index]?.port && isLeft === b[index].isLeft)
  );
}
