import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Clock } from '../../runtime/clock.ts';
import { typeUrls, type Resource, type Resources, type TypeUrl } from '../../translate/resources.ts';
import { ConfigurationWriter, keepMs } from './configuration-json.ts';

/** A clock whose timers fire when they are told to. */
class HeldClock implements Clock {
  readonly timers = new Set<{ readonly delayMs: number; readonly action: () => void }>();

  now(): number {
    return 0;
  }

  after(delayMs: number, action: () => void): { cancel(): void } {
    const timer = { delayMs, action };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  fire(): void {
    for (const timer of this.timers) timer.action();
    this.timers.clear();
  }
}

function resource(name: string, typeUrl: TypeUrl): Resource {
  return { name, typeUrl, version: `v-${name}`, bytes: new Uint8Array(), services: [] };
}

function resourcesOf(...all: readonly Resource[]): Resources {
  const ofType = (typeUrl: TypeUrl): Map<string, Resource> =>
    new Map(all.filter((each) => each.typeUrl === typeUrl).map((each) => [each.name, each]));
  return {
    [typeUrls.cluster]: ofType(typeUrls.cluster),
    [typeUrls.endpoints]: ofType(typeUrls.endpoints),
    [typeUrls.listener]: ofType(typeUrls.listener),
    [typeUrls.routes]: ofType(typeUrls.routes),
    [typeUrls.scopedRoutes]: ofType(typeUrls.scopedRoutes),
  };
}

function written(writer: ConfigurationWriter, resources: Resources | undefined): unknown {
  return JSON.parse([...writer.pieces(resources)].join(''));
}

test('resources are written by kind and name with their versions', () => {
  const writer = new ConfigurationWriter(({ name }) => ({ is: name }), new HeldClock());
  const resources = resourcesOf(
    resource('b', typeUrls.cluster),
    resource('a', typeUrls.cluster),
    resource('l', typeUrls.listener),
  );
  assert.deepEqual(written(writer, resources), {
    cluster: { b: { version: 'v-b', resource: { is: 'b' } }, a: { version: 'v-a', resource: { is: 'a' } } },
    endpoints: {},
    listener: { l: { version: 'v-l', resource: { is: 'l' } } },
    routes: {},
    scopedRoutes: {},
  });
});

test('no resources are written as empty kinds', () => {
  const writer = new ConfigurationWriter(() => assert.fail(), new HeldClock());
  assert.deepEqual(written(writer, undefined), {
    cluster: {},
    endpoints: {},
    listener: {},
    routes: {},
    scopedRoutes: {},
  });
});

test('a resource is decoded once while people ask, and its text forgotten after', () => {
  const clock = new HeldClock();
  const described: string[] = [];
  const writer = new ConfigurationWriter(({ name }) => described.push(name), clock);
  const [one, other] = [resource('one', typeUrls.cluster), resource('other', typeUrls.cluster)];
  const first = written(writer, resourcesOf(one));
  assert.deepEqual(written(writer, resourcesOf(one)), first);
  written(writer, resourcesOf(one, other));
  assert.deepEqual(described, ['one', 'other']);
  assert.deepEqual(
    [...clock.timers].map(({ delayMs }) => delayMs),
    [keepMs],
  );
  clock.fire();
  written(writer, resourcesOf(one));
  assert.deepEqual(described, ['one', 'other', 'one']);
});
