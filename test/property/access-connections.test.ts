// Access control of TCP and UDP: whoever is denied by the TrafficTargets finds no way through what proxies are told. What is
// allowed is worked out here a second time, from the manifests and in the plainest way.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildTopology, TopologyBuilder } from '../../src/model/build.ts';
import type { KubeObject, KubePod } from '../../src/model/objects.ts';
import type { Service, ServicePort, Topology } from '../../src/model/topology.ts';
import { type Resources, typeUrls } from '../../src/translate/resources.ts';
import { createTranslator, translate } from '../../src/translate/translate.ts';
import { ConnectionWalk } from '../kit/connection-walk.ts';
import { testSettings } from '../kit/mesh.ts';
import {
  callerAt,
  isAllowed,
  listOf,
  objectsOf,
  podAddresses,
  type WorldObjects,
  worldChanges,
  worlds,
} from '../kit/connection-worlds.ts';
import { put, take } from '../kit/objects.ts';

const traffics = fc.constantFrom('tcp' as const, 'udp' as const);
const settings = testSettings('127.113.0.0/16', true);

/** Pods of a service that may be called as this port of it. */
function openPods(
  objects: WorldObjects,
  { name, from, port }: { readonly name: string; readonly from: string; readonly port: number },
): readonly KubePod[] {
  const caller = callerAt(from, objects);
  return objects.pods.filter(
    (pod) =>
      pod.labels['app'] === name &&
      !pod.finished &&
      objects.targets.some((each) => isAllowed(each, { caller, pod, port })),
  );
}

/** The pods that a caller reaches: of the root of a split those of the backends, if each of them lets the caller in. */
function wantedPods(
  objects: WorldObjects,
  call: { readonly service: Service; readonly from: string; readonly port: ServicePort },
): readonly KubePod[] {
  const { service, from, port } = call;
  const names = port.splits?.[0]?.backends.map(({ key }) => key.split('/')[1] ?? '') ?? [service.name];
  const open = names.map((name) => openPods(objects, { name, from, port: port.port }));
  return open.every((pods) => pods.length > 0) ? open.flat() : [];
}

function content(resources: Resources): unknown {
  return Object.values(typeUrls).map((typeUrl) =>
    [...resources[typeUrl]].map(([name, { bytes }]) => ({ name, bytes })),
  );
}

for (const closesForbidden of [false, true]) {
  describe(`access control of connections that are ${closesForbidden ? 'closed' : 'kept'} when forbidden`, () => {
    const options = { ...settings.translate, closesForbidden };

    it('lets nobody through whom no TrafficTarget lets in, and everybody else to all pods that are meant', () => {
      fc.assert(
        fc.property(traffics, worlds, (traffic, given) => {
          const objects = objectsOf(given, traffic);
          const topology = buildTopology(listOf(objects), settings.model);
          const walk = new ConnectionWalk(translate(topology, options));
          for (const service of topology.services.values()) {
            for (const port of service.ports) {
              for (const from of [...podAddresses, '10.9.9.9']) {
                const wanted = new Set(
                  wantedPods(objects, { service, from, port }).map(
                    ({ ips }) => `${ips[0]}:${port.port + 1000}`,
                  ),
                );
                for (const to of placesOf(service, port)) {
                  const reached = walk.reached({ traffic, from, to });
                  assert.deepEqual(
                    [...reached].filter((each) => !wanted.has(each)),
                    [],
                    `${from} must not reach these of ${port.key}`,
                  );
                  // Of pods at one address, one is the endpoint.
                  if (hasOwnAddresses(objects)) assert.deepEqual(reached, wanted, `${from} to ${port.key}`);
                }
              }
            }
          }
        }),
        { numRuns: 150 },
      );
    });

    it('is the same step by step as from scratch', () => {
      fc.assert(
        fc.property(
          traffics,
          worlds,
          fc.array(worldChanges, { minLength: 1, maxLength: 6 }),
          (traffic, first, changes) => {
            const builder = new TopologyBuilder(settings.model);
            const translator = createTranslator(options);
            const given = { ...first };
            let last: readonly KubeObject[] = [];
            for (const each of [{}, ...changes]) {
              Object.assign(given, each);
              const next = listOf(objectsOf(given, traffic));
              builder.apply({ changes: [...last.map(take), ...next.map(put)], problems: [] });
              last = next;
              const topology: Topology = builder.build();
              assert.deepEqual(content(translator(topology)), content(translate(topology, options)));
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

function placesOf({ localAddress }: Service, { meshPort, localPort }: ServicePort) {
  assert.ok(meshPort !== undefined && localAddress !== undefined);
  return [
    { address: settings.translate.meshAddress, port: meshPort },
    ...(localPort === undefined ? [] : [{ address: localAddress, port: localPort }]),
  ];
}

function hasOwnAddresses({ pods }: WorldObjects): boolean {
  const running = pods.filter(({ finished }) => !finished);
  return new Set(running.map(({ ips }) => ips[0])).size === running.length;
}
