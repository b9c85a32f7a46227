// A stream whose other end is the test: what it asks for, accepts and rejects is said line by line.

import assert from 'node:assert/strict';

import type { Push } from '../../src/serve/xds/push.ts';
import type { DeltaRequest } from '../../src/serve/xds/request.ts';
import type { Snapshot } from '../../src/serve/xds/snapshot.ts';
import { Stream } from '../../src/serve/xds/stream.ts';
import { typeUrls } from '../../src/translate/resources.ts';
import type { Resource } from '../../src/translate/resources.ts';
import { cluster, endpoints, listener, resourcesOf, routes } from './xds-resources.ts';
import type { Address } from './xds-resources.ts';
import { FakeClock } from './fake-clock.ts';

const { cluster: cds, endpoints: eds, listener: lds, routes: rds } = typeUrls;

/** Where the listener of {@link settledStream} listens. */
export const httpAddress: Address = { host: '127.81.0.1', port: 8000 };

/** A stream whose client is the test. */
export class TestStream {
  readonly clock: FakeClock = new FakeClock();
  readonly told: string[] = [];
  readonly stream: Stream;
  isWritable = true;
  dueCount = 0;
  #sent: Push[] = [];
  readonly #versions = new Map<string, string>();
  #snapshot: Snapshot | undefined;

  constructor() {
    this.stream = new Stream({
      clock: this.clock,
      limits: { maxBytes: 100_000, maxResources: 100 },
      patienceMs: 15_000,
      quietMs: 1000,
      events: {
        accepted: ({ nonce }, ms) => this.told.push(`accepted ${nonce} after ${ms} ms`),
        refused: ({ nonce }, message, rejected) =>
          this.told.push(`refused ${nonce}: ${message}, ${rejected?.name}`),
        impatient: (waitedFor) => this.told.push(`impatient: ${waitedFor}`),
        unserved: (typeUrl) => this.told.push(`unserved ${typeUrl}`),
        due: () => {
          this.dueCount += 1;
        },
      },
    });
  }

  publish(...resources: Resource[]): void {
    const sequence = (this.#snapshot?.sequence ?? 0) + 1;
    this.#snapshot = { sequence, resources: resourcesOf(resources, this.#snapshot?.resources) };
    this.stream.publish(this.#snapshot);
  }

  ask(typeUrl: string, about: Partial<DeltaRequest> = {}): void {
    this.stream.receive({
      typeUrl,
      resourceNamesSubscribe: [],
      resourceNamesUnsubscribe: [],
      initialResourceVersions: {},
      responseNonce: '',
      ...about,
    });
  }

  /** What is sent now: `Cluster a b -c`. */
  flush(): string[] {
    const sent: Push[] = [];
    const outlet = {
      isWritable: this.isWritable,
      write: (push: Push) => {
        sent.push(push);
      },
    };
    this.stream.flush(outlet);
    this.#sent.push(...sent);
    for (const { typeUrl, resources } of sent) {
      for (const { version } of resources) this.#versions.set(typeUrl, version);
    }
    return sent.map(({ typeUrl, resources, removed }) =>
      [
        typeUrl.split('.').at(-1),
        ...resources.map(({ name }) => name),
        ...removed.map((name) => `-${name}`),
      ].join(' '),
    );
  }

  /** Accepts what was sent last of a type. */
  accept(typeUrl: string): void {
    this.ask(typeUrl, { responseNonce: this.#take(typeUrl) });
  }

  /** Version of the last resource of a type that was sent. */
  sentVersion(typeUrl: string): string | undefined {
    return this.#versions.get(typeUrl);
  }

  reject(typeUrl: string): void {
    this.ask(typeUrl, { responseNonce: this.#take(typeUrl), errorDetail: { message: 'no good' } });
  }

  #take(typeUrl: string): string {
    const push = this.#sent.findLast((one) => one.typeUrl === typeUrl) ?? assert.fail('nothing was sent');
    this.#sent = this.#sent.filter((one) => one !== push);
    return push.nonce;
  }
}

/** A stream whose client has clusters a and b, a listener, and routes to a. */
export function settledStream(): TestStream {
  const test = new TestStream();
  test.publish(cluster('a'), endpoints('a', []), listener('l', httpAddress), routes('l', 'a'));
  test.ask(cds);
  assert.deepEqual(test.flush(), ['Cluster a']);
  test.ask(eds, { resourceNamesSubscribe: ['a'] });
  assert.deepEqual(test.flush(), ['ClusterLoadAssignment a']);
  test.accept(cds);
  test.accept(eds);
  test.ask(lds);
  assert.deepEqual(test.flush(), ['Listener l']);
  test.ask(rds, { resourceNamesSubscribe: ['l'] });
  test.accept(lds);
  assert.deepEqual(test.flush(), ['RouteConfiguration l']);
  assert.equal(test.stream.isReady, false);
  test.accept(rds);
  assert.deepEqual(test.flush(), []);
  assert.equal(test.stream.isReady, true);
  assert.equal(test.stream.acknowledged, 1);
  test.told.length = 0;
  return test;
}
