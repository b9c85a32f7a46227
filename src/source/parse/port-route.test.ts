import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTcpRoute, parseUdpRoute } from './port-route.ts';

const metadata = { name: 'db', namespace: 'store' };

describe('parseTcpRoute() and parseUdpRoute()', () => {
  it('read ports', () => {
    const spec = { matches: { ports: [3306, 6446] } };
    const read = { namespace: 'store', name: 'db', labels: {}, ports: [3306, 6446] };
    assert.deepEqual(parseTcpRoute({ metadata, spec }), { object: { kind: 'TCPRoute', ...read } });
    assert.deepEqual(parseUdpRoute({ metadata, spec }), { object: { kind: 'UDPRoute', ...read } });
  });

  it('take what early versions left out for all ports', () => {
    for (const spec of [undefined, {}, { matches: null }, { matches: { ports: [] } }]) {
      const parsed = parseTcpRoute({ metadata, spec });
      assert.ok('object' in parsed);
      assert.deepEqual(parsed.object.ports, []);
    }
  });

  it('refuse ports out of range', () => {
    const parsed = parseUdpRoute({ metadata, spec: { matches: { ports: [0] } } });
    assert.ok('problems' in parsed);
    assert.deepEqual(
      parsed.problems.map(({ code }) => code),
      ['MAESH_PORT_RANGE'],
    );
  });
});
