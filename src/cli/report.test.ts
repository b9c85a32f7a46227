import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Problem, Subject } from '../model/problem.ts';
import type { Service } from '../model/topology.ts';
import type { OfflineMesh } from './offline.ts';
import { jsonReport, textReport } from './report.ts';

const out = { isTerminal: false, write: () => {}, paint: (_style: unknown, text: string): string => text };
const shop: Service = {
  key: 'store/shop',
  namespace: 'store',
  name: 'shop',
  ports: [],
  localAddress: undefined,
};

function mesh(subjects: readonly Subject[], ignoredKinds: Record<string, number> = {}): OfflineMesh {
  const problems = subjects.map((subject): Problem => ({
    code: 'MAESH_TARGET_PORT_UNRESOLVED',
    subject,
    message: 'port 0 is out of range',
    advice: 'Use 1 to 65535',
  }));
  return {
    topology: { services: new Map([[shop.key, shop]]), problems },
    ignoredKinds: new Map(Object.entries(ignoredKinds)),
  };
}

const object: Subject = {
  kind: 'Service',
  namespace: 'store',
  name: 'shop',
  origin: { file: 'mesh/shop.yaml', line: 12 },
};
const file: Subject = {
  kind: 'File',
  namespace: '',
  name: 'mesh/b.yaml',
  origin: { file: 'mesh/b.yaml', line: 3 },
};

describe('textReport', () => {
  it('shows each problem with its place, its object and what to do', () => {
    assert.equal(
      textReport(mesh([object, file, { kind: 'Service', namespace: 'a', name: 'b' }]), out),
      `mesh/shop.yaml:12: Service store/shop: port 0 is out of range (MAESH_TARGET_PORT_UNRESOLVED)
    Use 1 to 65535
mesh/b.yaml:3: port 0 is out of range (MAESH_TARGET_PORT_UNRESOLVED)
    Use 1 to 65535
Service a/b: port 0 is out of range (MAESH_TARGET_PORT_UNRESOLVED)
    Use 1 to 65535
1 service, 0 ports, 3 problems
`,
    );
  });

  it('sums up kinds that are not read, sorted', () => {
    assert.equal(
      textReport(mesh([], { Secret: 1, ConfigMap: 2 }), out),
      '1 service, 0 ports, no problems; kinds that the mesh does not read: ConfigMap (2), Secret (1)\n',
    );
  });
});

describe('jsonReport', () => {
  it('says the same for programs', () => {
    assert.deepEqual(JSON.parse(jsonReport(mesh([object], { Secret: 1 }))), {
      services: 1,
      ports: 0,
      problems: [
        {
          code: 'MAESH_TARGET_PORT_UNRESOLVED',
          kind: 'Service',
          namespace: 'store',
          name: 'shop',
          file: 'mesh/shop.yaml',
          line: 12,
          message: 'port 0 is out of range',
          advice: 'Use 1 to 65535',
        },
      ],
      ignoredKinds: { Secret: 1 },
    });
  });
});
