// Envoy resources as plain data for golden files, with long rows of ports written as ranges, and a long script named, so
// that people can read them.

import { callerFilters } from '../../../src/translate/access/caller-tags.ts';
import { breakerCode } from '../../../src/translate/circuit-breaker-lua.ts';
import { resourceToJson } from '../../../src/translate/inspect.ts';
import { typeUrls, type Resources } from '../../../src/translate/resources.ts';
import { plain, type Plain } from './plain.ts';

/** Every resource, by type and name, in the names of Envoy's documentation. */
export function plainResources(resources: Resources): Plain {
  const types = Object.entries(typeUrls)
    // There are none where access isn't controlled.
    .filter(([type, typeUrl]) => type !== 'extensions' || resources[typeUrl].size > 0);
  return Object.fromEntries(
    types.map(([type, typeUrl]) => [
      type,
      Object.fromEntries(
        [...resources[typeUrl]].map(([name, resource]) => [name, readable(resourceToJson(resource))]),
      ),
    ]),
  );
}

const script = breakerCode();

/** The same value with `additional_addresses` and the circuit breaker's script in short. */
function readable(value: unknown): Plain {
  if (value === script) return '… (breakerCode() of src/translate/circuit-breaker-lua.ts)';
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return plain(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'additional_addresses'
        ? portRanges(member as readonly AdditionalAddress[])
        : readable(name === 'http_filters' ? withoutCallers(member as readonly Filter[]) : member),
    ]),
  );
}

interface Filter {
  readonly name: string;
}

/** Filters with one in the place of all those that tell who calls. */
function withoutCallers(filters: readonly Filter[]): readonly unknown[] {
  const isCallers = ({ name }: Filter): boolean => callerFilters.some((filter) => filter.name === name);
  const first = filters.findIndex(isCallers);
  return filters.flatMap((filter, index): readonly unknown[] => {
    if (!isCallers(filter)) return [filter];
    return index === first ? [{ '…': 'callerFilters of src/translate/access/caller-tags.ts' }] : [];
  });
}

interface AdditionalAddress {
  readonly address: { readonly socket_address?: { readonly address: string; readonly port_value: number } };
}

/** `127.0.0.1:20001-20255` for a row of addresses that differ in nothing but ports that follow on one another. */
function portRanges(addresses: readonly AdditionalAddress[]): Plain {
  const ranges: { first: Plain; text: string; from: number; to: number }[] = [];
  for (const additional of addresses) {
    const { port_value: port = 0, ...rest } = additional.address.socket_address ?? {};
    const text = JSON.stringify({ ...additional, address: rest });
    const last = ranges.at(-1);
    if (last?.text === text && last.to === port - 1) last.to = port;
    else ranges.push({ first: plain(additional), text, from: port, to: port });
  }
  return ranges.map(({ first, from, to, text }) =>
    from === to ? first : { '…': `ports ${from} to ${to}, each as ${text}` },
  );
}
