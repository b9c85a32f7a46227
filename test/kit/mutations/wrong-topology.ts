// The topology that the API gives against what the mutations want the services to be.

import type { TopologyJson } from '../../../src/serve/http/api-types.ts';
import { backendAddress } from './service-spec.ts';
import type { World } from './world.ts';

/** What differs, one line a service. */
export function wrongTopology({ services }: TopologyJson, world: World): readonly string[] {
  const actual = Object.values(services)
    .map(
      ({ namespace, name, ports }) =>
        `${namespace}/${name}: ${ports
          .map(({ name: portName, port, traffic, endpoints }) =>
            [portName, port, traffic, ...endpoints.map((at) => `${at.address}:${at.port}`)].join(' '),
          )
          .join(', ')}`,
    )
    .toSorted();
  const { places } = world;
  const wanted = [...world.specs.values()]
    .map(
      ({ key, traffic, ports, ready }) =>
        `${key}: ${ports
          .map(({ name, port }) => {
            const at = ready.map((number) => `${backendAddress(places, number)}:${places.ports[traffic]}`);
            return [name, port, traffic, ...at.toSorted()].join(' ');
          })
          .join(', ')}`,
    )
    .toSorted();
  return [
    ...wanted.filter((line) => !actual.includes(line)).map((line) => `the topology lacks ${line}`),
    ...actual.filter((line) => !wanted.includes(line)).map((line) => `the topology should not have ${line}`),
  ];
}
