import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { FakeClock } from '../../test/kit/fake-clock.ts';
import { FakeEvents } from '../../test/kit/fake-events.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { until } from '../../test/kit/until.ts';
import type { ObjectToWrite } from '../kube/api-object.ts';
import type { Problem } from '../model/problem.ts';
import { EventForm } from './event-form.ts';
import { eventManifest, eventOf, reportingController } from './event.ts';
import { ProblemWriter } from './problem-writer.ts';

const minute = 60_000;
const controller = reportingController('maesh');

/** A problem of a service, in the namespace `store`. */
function problemOf(name: string, message: string = 'it is wrong'): Problem {
  const subject = { kind: 'Service', namespace: 'store', name, uid: `uid-of-${name}` };
  return { code: 'MAESH_PORT_PROTOCOL', subject, message, advice: 'Mend it.' };
}

function nameOf(problem: Problem): string {
  return eventOf(problem, controller)?.name ?? '';
}

/** The Event of a problem as somebody wrote it. */
function written(problem: Problem, { ageMs = 0 }: { readonly ageMs?: number } = {}): ObjectToWrite {
  const event = eventOf(problem, controller);
  assert.ok(event);
  const time = new Date(Date.now() - ageMs).toISOString();
  return eventManifest(event, { controller, instance: 'b', time });
}

const forbidden = { reason: 'Forbidden', message: 'User "x" cannot' };

const leading: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of leading.splice(0)) await stop();
});

interface Leading {
  readonly server: FakeEvents;
  readonly clock: FakeClock;
  readonly want: (...problems: readonly Problem[]) => void;
  /** Resolves when a call that begins so was made so often. */
  readonly counted: (call: string, count: number) => Promise<void>;
  /** Resolves when all has been looked at that was due before. */
  readonly settled: () => Promise<void>;
  /** What was logged that somebody should see. */
  readonly said: () => readonly string[];
}

/** Has a writer lead until the test ends, on a clock that stands still. */
async function led(prepare: (server: FakeEvents) => void = () => {}): Promise<Leading> {
  const { server, client } = await FakeEvents.start();
  prepare(server);
  const [clock, log] = [new FakeClock(), new RecordLog()];
  const form = new EventForm({ client, meshNamespace: 'maesh', namespaces: undefined, instance: 'a', clock });
  const writer = new ProblemWriter(form, { log, clock });
  const end = new AbortController();
  const done = writer.lead(end.signal);
  leading.push(async () => {
    end.abort();
    await done;
  });
  let wanted: readonly Problem[] = [];
  const counted = async (call: string, count: number): Promise<void> => {
    await until(`${count} times ${call}`, () => (server.count(call) === count ? true : undefined));
  };
  let checks = 0;
  return {
    server,
    clock,
    counted,
    want: (...problems) => {
      wanted = problems;
      writer.want(problems);
    },
    settled: async () => {
      const name = `check-${++checks}`;
      // In a namespace of its own.
      const check = { ...problemOf(name), subject: { kind: 'Service', namespace: 'checks', name } };
      writer.want([...wanted, check]);
      await counted(`create ${name}.`, 1);
      writer.want([...wanted]);
      await counted(`delete ${name}.`, 1);
    },
    said: () =>
      log.lines
        .filter(({ level }) => level === 'error' || level === 'warn')
        .map(({ level, message, fields }) => `${level} ${message}: ${String(fields['error'])}`),
  };
}

describe('EventForm', () => {
  it('writes an Event again before the API server forgets it, and makes anew one that it has forgotten', async () => {
    const { server, clock, want, counted, settled, said } = await led();
    const problem = problemOf('shop');
    want(problem);
    await settled();
    clock.advance(29 * minute);
    await settled();
    assert.equal(server.count('patch'), 0);
    for (const times of [1, 2]) {
      clock.advance(30 * minute);
      await counted('patch shop', times);
      await settled();
    }
    assert.deepEqual(
      server.all.map(({ series }) => (series as { readonly count: number }).count),
      [3],
    );
    server.forget(nameOf(problem));
    clock.advance(30 * minute);
    await counted('patch shop', 3);
    await settled();
    clock.advance(1);
    await counted('create shop', 2);
    assert.deepEqual(said(), []);
  });

  it('takes over what whoever led before has written, and deletes what is wanted no more', async () => {
    const [stays, goes] = [problemOf('shop-a'), problemOf('shop-b')];
    const { server, clock, want, counted, settled } = await led((before) => {
      before.put(written(stays, { ageMs: 20 * minute }));
      before.put(written(goes));
      before.put({ ...written(problemOf('shop-c')), reportingController: 'somebody.else/else' });
    });
    await counted('list', 1);
    assert.deepEqual(server.calls, ['list']);
    want(stays);
    await counted('delete', 1);
    await settled();
    assert.equal(server.all.length, 2);
    assert.equal(server.count('create shop') + server.count('patch'), 0);
    clock.advance(11 * minute);
    await counted(`patch ${nameOf(stays)}`, 1);
  });

  it('writes 25 Events on one object, then one in five minutes, be it for one problem that comes and goes', async () => {
    const { server, clock, want, counted, settled } = await led();
    want(...Array.from({ length: 30 }, (_, index) => problemOf('shop-many', `mistake ${index}`)));
    await settled();
    assert.equal(server.count('create shop'), 25);
    clock.advance(5 * minute);
    await counted('create shop', 26);
    await settled();
    assert.equal(server.count('create shop'), 26);
    clock.advance(60 * minute);
    for (let times = 1; times <= 25; times++) {
      want(problemOf('shop-flapping'));
      await counted('create shop-flapping', times);
      want();
      await counted('delete shop-flapping', times);
      clock.advance(1_000);
    }
    want(problemOf('shop-flapping'));
    await settled();
    assert.equal(server.count('create shop-flapping'), 25);
    assert.ok(server.all.every(({ metadata }) => !metadata.name.startsWith('shop-flapping')));
  });

  it('writes 100 times at once and then 50 times a second, however many problems there are', async () => {
    const { server, clock, want, counted } = await led();
    want(...Array.from({ length: 300 }, (_, index) => problemOf(`shop-${index}`)));
    await counted('create', 100);
    await until('it to wait', () => (clock.waiting > 0 ? true : undefined));
    assert.equal(server.count('create'), 100);
    clock.advance(1_000);
    await counted('create', 150);
    clock.advance(2_000);
    await counted('create', 250);
  });

  it('says once what to grant where it may not write, leaves the namespace alone for a minute, and goes on', async () => {
    const { server, clock, want, counted, settled, said } = await led();
    server.refuse = (call) => (call.startsWith('create shop') ? { status: 403, body: forbidden } : undefined);
    want(problemOf('shop-a'), problemOf('shop-b'), problemOf('shop-c'));
    await counted('create shop', 1);
    await settled();
    clock.advance(minute);
    await counted('create shop', 2);
    await settled();
    const [complaint = '', ...others] = said();
    assert.deepEqual(others, []);
    assert.match(complaint, /^error May not write Events: .* \["list", "create", "patch", "delete"\]/);
    server.refuse = () => undefined;
    clock.advance(minute);
    await counted('create shop', 5);
    await settled();
    assert.deepEqual(said(), [complaint]);
  });

  it('says what to grant again where it was forgotten meanwhile', async () => {
    const { server, clock, want, counted, settled, said } = await led();
    server.refuse = (call) => (call.startsWith('create shop') ? { status: 403, body: forbidden } : undefined);
    for (const times of [1, 2]) {
      want(problemOf('shop'));
      await counted('create shop', times);
      want();
      await settled();
      assert.equal(said().length, times);
      clock.advance(3 * minute);
    }
  });

  it('knows an Event for its own whose making was answered by nothing', async () => {
    const { server, clock, want, counted } = await led();
    const problem = problemOf('shop');
    server.refuse = (call) =>
      call.startsWith('create') && server.count('create') === 1 ? { status: 500, isDone: true } : undefined;
    want(problem);
    await counted('create', 1);
    await until('it to wait', () => (clock.waiting > 0 ? true : undefined));
    clock.advance(1_000);
    await counted('create', 2);
    await counted('list', 2);
    want();
    await counted('delete', 1);
    assert.deepEqual(server.all, []);
  });

  it('deletes an Event whose making was answered by nothing and whose problem is mended meanwhile, if it is there', async () => {
    for (const isDone of [true, false]) {
      const { server, clock, want, counted, settled } = await led();
      server.refuse = (call) => (call.startsWith('create shop') ? { status: 500, isDone } : undefined);
      want(problemOf('shop'));
      await counted('create shop', 1);
      await until('it to wait', () => (clock.waiting > 0 ? true : undefined));
      want();
      await counted('delete shop', 1);
      await settled();
      assert.deepEqual(server.all, []);
      assert.equal(server.count('delete shop'), 1);
    }
  });

  it('leaves alone what the API server never takes, and says so', async () => {
    const { server, clock, want, counted, settled, said } = await led();
    server.refuse = (call) => (call.startsWith('create shop') ? { status: 422 } : undefined);
    want(problemOf('shop'));
    await counted('create shop', 1);
    clock.advance(minute);
    await settled();
    assert.equal(server.count('create shop'), 1);
    assert.match(said().join(), /^error Processing failed, and is not tried again/);
  });

  it('begins when it could read what is there, and says once why it could not', async () => {
    const { server, clock, want, counted, said } = await led((before) => {
      before.refuse = () => ({ status: 500 });
    });
    want(problemOf('shop'));
    for (let times = 1; times <= 3; times++) {
      await counted('list', times);
      await until('it to wait', () => (clock.waiting > 0 ? true : undefined));
      clock.advance(minute);
    }
    server.refuse = () => undefined;
    await until('it to wait', () => {
      clock.advance(minute);
      return server.count('create') > 0 ? true : undefined;
    });
    assert.deepEqual(said().length, 1);
    assert.match(said().join(), /^warn Cannot list Events, so none is written/);
  });
});
