import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Problem, Subject } from '../model/problem.ts';
import type { ProblemCode } from '../model/problem-codes.ts';
import { kindParsers } from '../source/parse/kinds.ts';
import { eventKey, eventManifest, eventOf, reportingController, type WantedEvent } from './event.ts';

const controller = reportingController('maesh');

const shop: Subject = { kind: 'Service', namespace: 'store', name: 'shop', uid: 'uid-1' };

function problem(given: Partial<Problem> = {}): Problem {
  return {
    code: 'MAESH_PORTS_EXHAUSTED',
    subject: shop,
    message: 'no mesh port is left for port 80',
    advice: 'Raise --limitHTTPPort.',
    ...given,
  };
}

function event(given: Partial<Problem> = {}, by: string = controller): WantedEvent {
  const made = eventOf(problem(given), by);
  assert.ok(made);
  return made;
}

describe('eventOf()', () => {
  it('is about the object that the problem is about, and says what to do', () => {
    const { name, ...rest } = event();
    assert.match(name, /^shop\.[0-9a-f]{16}$/);
    assert.deepEqual(rest, {
      namespace: 'store',
      regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'store', name: 'shop', uid: 'uid-1' },
      reason: 'PortsExhausted',
      note: 'no mesh port is left for port 80. Raise --limitHTTPPort.',
    });
  });

  it('has a name of its own for each mesh, object and problem, and always the same', () => {
    const others: readonly WantedEvent[] = [
      event({ code: 'MAESH_PORT_PROTOCOL' }),
      event({ message: 'no mesh port is left for port 81' }),
      event({ subject: { ...shop, uid: 'uid-2' } }),
      event({ subject: { ...shop, namespace: 'bank' } }),
      event({ subject: { ...shop, kind: 'Pod' } }),
      event({}, reportingController('other')),
    ];
    const all = new Set([event(), ...others].map(({ name }) => name));
    assert.equal(all.size, others.length + 1);
    assert.equal(eventKey(event()), eventKey(event()));
  });

  it('has a name that the API server takes, however long the name of the object is', () => {
    const { name } = event({ subject: { ...shop, name: `${'a'.repeat(235)}.-.${'b'.repeat(15)}` } });
    assert.match(name, /^a{235}\.[0-9a-f]{16}$/);
    assert.equal(event({ subject: { ...shop, name: 'a'.repeat(253) } }).name.length, 253);
  });

  it('has the words of a code as its reason', () => {
    const reasons: Partial<Record<ProblemCode, string>> = {
      MAESH_ENDPOINT_HOST_NAME: 'EndpointHostName',
      MAESH_SERVICE_ANNOTATION: 'ServiceAnnotation',
    };
    for (const [code, reason] of Object.entries(reasons)) {
      assert.equal(event({ code: code as ProblemCode }).reason, reason);
    }
  });

  it('has a note of at most 1024 bytes, cut between two characters', () => {
    const noteOf = (message: string): string => event({ message, advice: '' }).note;
    const bytes = (text: string): number => Buffer.byteLength(text);
    assert.equal(noteOf('a'.repeat(1022)), `${'a'.repeat(1022)}. `);
    assert.equal(noteOf('a'.repeat(1023)), `${'a'.repeat(1021)}…`);
    // Four bytes each, which do not fill 1021 bytes.
    assert.equal(noteOf('😀'.repeat(300)), `${'😀'.repeat(255)}…`);
    assert.ok(bytes(noteOf('😀'.repeat(300))) <= 1024);
  });

  it('is in the namespace default where the object has none, and says no uid where none is known', () => {
    const { namespace, regarding } = event({ subject: { kind: 'Service', namespace: '', name: 'shop' } });
    assert.equal(namespace, 'default');
    assert.deepEqual(regarding, { apiVersion: 'v1', kind: 'Service', name: 'shop' });
  });

  it('is about an object of the newest version that is read, of every kind that a cluster has problems of', () => {
    const notFollowed = new Set<string>(['Endpoints', 'Namespace', 'ServiceAccount']);
    for (const { kind, group, versions } of Object.values(kindParsers)) {
      if (notFollowed.has(kind)) continue;
      const { apiVersion } = event({ subject: { ...shop, kind } }).regarding;
      assert.equal(apiVersion, group === '' ? versions[0] : `${group}/${versions[0]}`);
    }
  });

  it('is none where the problem is about nothing that an API server has', () => {
    const subjects = [
      { kind: 'File', namespace: '', name: 'shop.yaml' },
      { kind: 'Proxy', namespace: '', name: 'node-1' },
    ];
    for (const subject of subjects) assert.equal(eventOf(problem({ subject }), controller), undefined);
  });
});

describe('eventManifest()', () => {
  it('is an Event of events.k8s.io/v1 by the replica that writes it', () => {
    const time = '2026-01-01T00:00:00.000000Z';
    const wanted = event();
    const manifest = eventManifest(wanted, { controller, instance: 'x'.repeat(200), time });
    const { namespace, name, regarding, reason, note } = wanted;
    assert.deepEqual(manifest, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name },
      type: 'Warning',
      regarding,
      reason,
      note,
      action: 'Meshing',
      reportingController: 'mesh.traefik.io/maesh',
      reportingInstance: `${'x'.repeat(125)}…`,
      eventTime: time,
    });
  });
});
