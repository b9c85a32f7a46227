// One resource type on one stream: whatever is asked for, published, accepted, rejected and cut off in whatever order,
// at rest the client holds what was published and asked for, and nothing is sent that it holds already.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { namesIn } from '../../src/serve/xds/batch.ts';
import { Subscription } from '../../src/serve/xds/subscription.ts';
import type { ResourceMap } from '../../src/serve/xds/snapshot.ts';
import { typeUrls } from '../../src/translate/resources.ts';
import { Client } from '../kit/xds-client.ts';
import type { Leniency, Response } from '../kit/xds-client.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const limits = { maxBytes: 1000, maxResources: 4 };

const small = new Uint8Array(100);
const big = new Uint8Array(2000);

const publication: fc.Arbitrary<ResourceMap> = fc
  .dictionary(fc.constantFrom(...names), fc.constantFrom('1', '2', '3', 'x4', 'x5'), {
    noNullPrototype: true,
  })
  .map(
    (versions) =>
      new Map(
        Object.entries(versions)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, version]) => [
            name,
            {
              name,
              version,
              typeUrl: typeUrls.endpoints,
              // Some too big to share a response.
              bytes: name === 'h' ? big : small,
              services: [],
            },
          ]),
      ),
  );

/** Both ends of a stream that is cut and opened again, and what must hold of every response. */
class Connection {
  readonly client: Client;
  published: ResourceMap = new Map();
  sequence = 0;
  #subscription: Subscription | undefined;
  #response: Response | undefined;
  #nonce = 0;
  /** Names that may be sent although they were rejected, because the client asked for them since. */
  readonly #asked = new Set<string>();
  /**
   * Names that may be sent although the client notes the very version: it asked for them, so that it may have forgotten
   * them, or rejected them with others; and has not accepted anything about them since.
   */
  readonly #doubtful = new Set<string>();
  /** What the client rejected alone on this stream. */
  readonly #rejected = new Map<string, string>();

  constructor(leniency: Leniency) {
    this.client = new Client(typeUrls.endpoints, leniency);
  }

  get subscription(): Subscription | undefined {
    return this.#subscription;
  }

  publish(resources: ResourceMap): void {
    this.published = resources;
    this.sequence += 1;
    this.#forgetRejected();
  }

  /** The server sends what is next, unless something is under way. Returns whether it did. */
  send(): boolean {
    if (this.#subscription === undefined || this.#subscription.isUnderWay || this.sequence === 0)
      return false;
    if (this.#subscription.sequence < this.sequence) {
      this.#subscription.advance(this.published, this.sequence);
      this.#forgetRejected();
    }
    const batch = this.#subscription.next({ removeThrough: Infinity, spares: [] });
    if (batch === undefined) return false;
    assert.equal(this.#response, undefined, 'one response under way');
    this.#nonce += 1;
    this.#response = { nonce: String(this.#nonce), batch };
    const sent = namesIn(batch);
    assert.equal(new Set(sent).size, sent.length, 'no name twice in a response');
    assert.ok(sent.length <= limits.maxResources);
    assert.ok(sent.length === 1 || batch.resources.every(({ name }) => name !== 'h'));
    for (const { name, version } of batch.resources) {
      if (this.#asked.delete(name)) continue;
      assert.notEqual(this.#rejected.get(name), version, `${name} was rejected already`);
      if (!this.#doubtful.has(name))
        assert.notEqual(this.client.noted.get(name), version, `${name} is held already`);
    }
    for (const name of batch.removed) this.#asked.delete(name);
    return true;
  }

  /** The client reads what is under way. */
  readResponse(): boolean {
    const response = this.#response;
    if (response === undefined) return false;
    this.#response = undefined;
    const sent = namesIn(response.batch);
    const isAccepted = this.client.read(response);
    if (isAccepted || sent.length > 1) for (const name of sent) this.#rejected.delete(name);
    if (isAccepted) for (const name of sent) this.#doubtful.delete(name);
    else if (sent.length > 1) for (const name of sent) this.#doubtful.add(name);
    else for (const { name, version } of response.batch.resources) this.#rejected.set(name, version);
    return true;
  }

  /** The server reads a request. */
  readRequest(): boolean {
    const request = this.client.outbox.shift();
    if (request === undefined) return false;
    const asked = [...request.resourceNamesSubscribe, ...request.resourceNamesUnsubscribe];
    if (this.#subscription === undefined) {
      this.#subscription = new Subscription(typeUrls.endpoints, limits);
      this.#subscription.open(request);
      return true;
    }
    this.#subscription.change(request);
    if (request.responseNonce === String(this.#nonce) && this.#subscription.isUnderWay) {
      if (request.errorDetail === undefined) this.#subscription.accept();
      else this.#subscription.reject(request.errorDetail.message);
    }
    for (const name of asked.includes('*') ? names : asked) {
      this.#asked.add(name);
      this.#doubtful.add(name);
    }
    return true;
  }

  cut(memory: 'keeps its versions' | 'forgets its versions'): void {
    this.client.disconnect(memory);
    this.#subscription = undefined;
    this.#response = undefined;
    this.#asked.clear();
    this.#doubtful.clear();
    this.#rejected.clear();
  }

  /** Lets everything happen that can, until nothing more does. */
  rest(): void {
    this.client.say();
    for (let steps = 0; this.readRequest() || this.readResponse() || this.send(); steps += 1) {
      assert.ok(steps < 1000, 'it never comes to rest');
    }
  }

  /** What was something else meanwhile has changed, and may be sent again. */
  #forgetRejected(): void {
    for (const [name, version] of this.#rejected) {
      if (this.published.get(name)?.version !== version) this.#rejected.delete(name);
    }
  }

  assertConverged(): void {
    for (const name of names) this.#assertHeld(name);
    if (this.subscription === undefined) return;
    for (const [name, { version }] of this.subscription.rejected) {
      assert.equal(this.published.get(name)?.version, version, `${name} is rejected still`);
    }
    assert.equal(this.subscription.settled, this.sequence);
    assert.equal(this.subscription.arrived, this.sequence);
  }

  #assertHeld(name: string): void {
    const version = this.published.get(name)?.version;
    const applied = this.client.applied.get(name);
    if (!this.client.wants(name)) assert.equal(applied, undefined, `${name} was not asked for`);
    else if (version?.startsWith('x') !== true) assert.equal(applied, version, name);
    else {
      assert.ok(applied?.startsWith('x') !== true);
      assert.equal(this.subscription?.rejected.get(name)?.version, version, `${name} is listed as rejected`);
    }
  }
}

interface Step {
  readonly what: string;
  readonly run: (connection: Connection) => void;
}

const some = fc.subarray([...names, '*'], { minLength: 1, maxLength: 4 });
const act = (what: string, run: Step['run']): fc.Arbitrary<Step> => fc.constant({ what, run });

const publish = publication.map((map): Step => {
  const versions = [...map.values()].map(({ name, version }) => `${name}=${version}`);
  return { what: `publish ${versions.join(' ')}`, run: (connection) => connection.publish(map) };
});

const subscribe = some.map((list): Step => {
  const run: Step['run'] = ({ client }) => list.forEach((name) => client.subscribe(name));
  return { what: `subscribe ${list.join(' ')}`, run };
});

const unsubscribe = some.map((list): Step => {
  const run: Step['run'] = ({ client }) => list.forEach((name) => client.unsubscribe(name));
  return { what: `unsubscribe ${list.join(' ')}`, run };
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: publish },
  { weight: 6, arbitrary: act('send', (connection) => connection.send()) },
  { weight: 6, arbitrary: act('read response', (connection) => connection.readResponse()) },
  { weight: 6, arbitrary: act('read request', (connection) => connection.readRequest()) },
  { weight: 4, arbitrary: subscribe },
  { weight: 2, arbitrary: unsubscribe },
  { weight: 1, arbitrary: act('subscribe silently', ({ client }) => client.subscribeSilently()) },
  { weight: 3, arbitrary: act('say', ({ client }) => client.say()) },
  { weight: 2, arbitrary: act('rest', (connection) => connection.rest()) },
  { weight: 1, arbitrary: act('cut', (connection) => connection.cut('keeps its versions')) },
  { weight: 1, arbitrary: act('restart', (connection) => connection.cut('forgets its versions')) },
);

const leniency = fc.constantFrom<Leniency>('applies the good ones', 'applies nothing');

test('at rest the client holds what is published and asked for, and nothing was sent that it held', () => {
  fc.assert(
    fc.property(
      leniency,
      fc.array(step, { maxLength: 100, size: 'max' }),
      publication,
      (kind, steps, last) => {
        const connection = new Connection(kind);
        for (const { run } of steps) run(connection);
        connection.publish(last);
        connection.rest();
        connection.assertConverged();
      },
    ),
    { numRuns: 5000 },
  );
});
