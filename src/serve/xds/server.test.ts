import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Client, credentials, status } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';

import { RecordLog } from '../../../test/kit/record-log.ts';
import { cluster, listener, resourcesOf } from '../../../test/kit/xds-resources.ts';
import { until } from '../../../test/system/xds-envoy.ts';
import { NodeSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import { typeUrls } from '../../translate/resources.ts';
import type { Resources } from '../../translate/resources.ts';
import type { XdsObserver } from './observer.ts';
import { XdsServer } from './server.ts';
import type { TurnLimits } from './turns.ts';

const host = '127.81.0.10';
const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const { cluster: cds, listener: lds } = typeUrls;

interface TestServer extends AsyncDisposable {
  readonly server: XdsServer;
  readonly log: RecordLog;
  readonly port: number;
}

async function startServer(observer: XdsObserver = {}, turns?: TurnLimits): Promise<TestServer> {
  const log = new RecordLog();
  const server = new XdsServer({ log, observer, ...(turns !== undefined && { turns }) });
  const port = await server.listen({ host, port: 0 });
  return { server, log, port, [Symbol.asyncDispose]: () => server.close(100) };
}

/** A proxy of which the test says every word. */
class TestProxy implements Disposable {
  readonly call: ClientDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
  readonly #client: Client;
  readonly #id: string;
  #isFirst = true;

  constructor({ port }: TestServer, id = 'n') {
    this.#id = id;
    this.#client = new Client(`${host}:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    this.call = this.#client.makeBidiStreamRequest(
      `${service}/DeltaAggregatedResources`,
      (request: DeltaDiscoveryRequest) => Buffer.from(toBinary(DeltaDiscoveryRequestSchema, request)),
      (bytes: Buffer) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    );
    // A cut stream is an error to gRPC, and what some tests want.
    this.call.on('error', () => undefined);
  }

  ask(init: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void {
    const request = create(DeltaDiscoveryRequestSchema, init);
    if (this.#isFirst) request.node = create(NodeSchema, { id: this.#id, cluster: 'c' });
    this.call.write(request);
    this.#isFirst = false;
  }

  async next(): Promise<DeltaDiscoveryResponse> {
    const response: unknown = this.call.read();
    if (response !== null) return response as DeltaDiscoveryResponse;
    await once(this.call, 'readable');
    return this.next();
  }

  async accept(): Promise<DeltaDiscoveryResponse> {
    const response = await this.next();
    this.ask({ typeUrl: response.typeUrl, responseNonce: response.nonce });
    return response;
  }

  /** Asks for clusters and listeners and accepts what there is. */
  async settle(): Promise<void> {
    for (const typeUrl of [cds, lds]) {
      this.ask({ typeUrl });
      await this.accept();
    }
  }

  /** Accepts whatever comes, from now on. */
  acceptAll(): void {
    this.call.on('data', ({ typeUrl, nonce }: DeltaDiscoveryResponse) =>
      this.ask({ typeUrl, responseNonce: nonce }),
    );
  }

  /** The status with which the stream ends. */
  async status(): Promise<number> {
    return new Promise((resolve) => {
      this.call.on('status', ({ code }) => resolve(code));
    });
  }

  [Symbol.dispose](): void {
    this.call.cancel();
    this.#client.close();
  }
}

const at = { host: '127.81.0.1', port: 8000 };
const plain = (name: string): ReturnType<typeof cluster> => ({
  ...cluster(name),
  bytes: new Uint8Array([10, 1, 97]),
});
const world = (...names: string[]): Resources => resourcesOf([...names.map(plain), listener('l', at)]);

describe('XdsServer', () => {
  it('refuses the state-of-the-world protocol and says what to set', async () => {
    await using test = await startServer();
    const client = new Client(`${host}:${test.port}`, credentials.createInsecure());
    const call = client.makeBidiStreamRequest(
      `${service}/StreamAggregatedResources`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    call.write(Buffer.alloc(0));
    call.resume();
    const [error] = (await once(call, 'error').catch((caught: unknown) => [caught])) as [
      { code: number; details: string },
    ];
    assert.equal(error.code, status.UNIMPLEMENTED);
    assert.match(error.details, /api_type to DELTA_GRPC/);
    client.close();
    assert.equal(test.log.lines.filter(({ level }) => level === 'warn').length, 1);
  });

  it('rejects when the address cannot be had', async () => {
    await using test = await startServer();
    const { port } = test;
    await assert.rejects(new XdsServer({ log: new RecordLog() }).listen({ host, port }), {
      name: 'ListenError',
      code: 'MAESH_LISTEN_IN_USE',
      message: `Cannot open ${host}:${port} for the proxies: another program listens there`,
    });
  });

  it('numbers what is published, and takes it as settled when no proxy is there', async () => {
    await using test = await startServer();
    assert.equal(test.server.settledSequence(), 0);
    const told: number[] = [];
    const end = test.server.onSettled((sequence) => told.push(sequence));
    assert.equal(test.server.publish(world('a')), 1);
    await until('it is told', () => told.length === 1);
    assert.equal(test.server.publish(world('b')), 2);
    await until('it is told', () => told.length === 2);
    end();
    assert.equal(test.server.publish(world('c')), 3);
    assert.equal(test.server.settledSequence(), 3);
    assert.deepEqual(told, [1, 2]);
  });

  it('knows what every proxy has acknowledged, and tells when that grows', async () => {
    await using test = await startServer();
    test.server.publish(world('a'));
    const told: number[] = [];
    test.server.onSettled((sequence) => told.push(sequence));
    using quick = new TestProxy(test, 'quick');
    using slow = new TestProxy(test, 'slow');
    await quick.settle();
    await until('both are there', () => {
      slow.ask({ typeUrl: cds });
      return test.server.proxies().length === 2;
    });
    assert.equal(test.server.settledSequence(), 0);
    await slow.accept();
    slow.ask({ typeUrl: lds });
    await slow.accept();
    await until('both have it', () => test.server.settledSequence() === 1);
    test.server.publish(world('a', 'b'));
    await quick.accept();
    await until('quick has it', () => test.server.proxies().some(({ acknowledged }) => acknowledged === 2));
    assert.equal(test.server.settledSequence(), 1);
    slow.call.cancel();
    await until('slow is gone', () => test.server.settledSequence() === 2);
    await until('it is told', () => told.includes(2));
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      told,
    );
  });

  it('brings one proxy after the other up to date, and tells each of changes from then on', async () => {
    const pushes: string[] = [];
    await using test = await startServer(
      { pushed: ({ proxy }) => pushes.push(proxy.id) },
      { count: 1, silenceMs: 60_000, longestMs: 60_000 },
    );
    test.server.publish(world('a'));
    using first = new TestProxy(test, 'first');
    first.ask({ typeUrl: cds });
    await first.accept();
    using second = new TestProxy(test, 'second');
    const settled = second.settle();
    first.ask({ typeUrl: lds });
    await first.accept();
    await settled;
    await until('both have it', () => test.server.settledSequence() === 1);
    assert.deepEqual(pushes, ['first', 'first', 'second', 'second']);
    using silent = new TestProxy(test, 'silent');
    silent.ask({ typeUrl: cds });
    await silent.next();
    test.server.publish(world('a', 'b'));
    await Promise.all([first.accept(), second.accept()]);
    assert.deepEqual(pushes.slice(4).toSorted(), ['first', 'second', 'silent']);
  });

  it('does not wait for a proxy that is silent, and goes on with it when it speaks', async () => {
    await using test = await startServer({}, { count: 1, silenceMs: 0, longestMs: 60_000 });
    test.server.publish(world('a'));
    using silent = new TestProxy(test, 'silent');
    silent.ask({ typeUrl: cds });
    const { typeUrl, nonce } = await silent.next();
    silent.ask({ typeUrl: lds });
    using other = new TestProxy(test, 'other');
    await other.settle();
    await until('the other has it', () => test.server.proxies().some(({ ready }) => ready));
    assert.equal(test.server.settledSequence(), 0, 'the silent one has nothing yet');
    silent.ask({ typeUrl, responseNonce: nonce });
    await silent.accept();
    await until('it has it, too', () => test.server.settledSequence() === 1);
  });

  it('takes nothing as settled while a proxy that has connected waits for its turn', async () => {
    await using test = await startServer({}, { count: 1, silenceMs: 60_000, longestMs: 60_000 });
    using first = new TestProxy(test, 'first');
    first.ask({ typeUrl: cds });
    await until('it is there', () => test.server.proxies().length === 1);
    using waiting = new TestProxy(test, 'waiting');
    const settled = waiting.settle();
    const told: number[] = [];
    test.server.onSettled(() => {
      told.push(test.server.proxies().filter(({ acknowledged }) => acknowledged === 1).length);
    });
    test.server.publish(world('a'));
    await first.accept();
    first.ask({ typeUrl: lds });
    await first.accept();
    await settled;
    await until('it is told', () => told.length > 0);
    assert.deepEqual(told, [2], 'when both had it, not before');
  });

  it('lists what a proxy has rejected, and tells log and observer', async () => {
    const events: string[] = [];
    await using test = await startServer({
      connected: ({ id }) => events.push(`connected ${id}`),
      disconnected: ({ id }) => events.push(`disconnected ${id}`),
      pushed: ({ proxy, resources }) => events.push(`pushed ${resources.length} to ${proxy.id}`),
      acknowledged: ({ sequence, ms }) => events.push(`acknowledged ${sequence} ${ms >= 0}`),
      rejected: ({ rejected }) => events.push(`rejected ${rejected?.name}`),
    });
    test.server.publish(world('a', 'b'));
    {
      using proxy = new TestProxy(test);
      proxy.ask({ typeUrl: cds });
      const reject = async (): Promise<void> => {
        const { typeUrl, nonce } = await proxy.next();
        proxy.ask({ typeUrl, responseNonce: nonce, errorDetail: { code: 13, message: 'bad' } });
      };
      await reject();
      await reject();
      await proxy.accept();
      await until('it is listed', () => test.server.rejections().length === 1);
      assert.deepEqual(test.server.rejections(), [
        {
          node: 'n',
          typeUrl: cds,
          name: 'a',
          version: plain('a').version,
          services: ['test/a'],
          message: 'bad',
        },
      ]);
    }
    await until('it is gone', () => test.server.proxies().length === 0);
    assert.deepEqual(test.server.rejections(), []);
    assert.deepEqual(events, [
      'connected n',
      'pushed 2 to n',
      'rejected undefined',
      'pushed 1 to n',
      'rejected a',
      'pushed 1 to n',
      'acknowledged 1 true',
      'disconnected n',
    ]);
    const levels = test.log.lines.filter(({ level }) => level !== 'debug').map(({ level }) => level);
    assert.deepEqual(levels, ['info', 'info', 'error', 'info']);
  });

  it(
    'keeps little for a proxy that does not read, and goes on when it reads again',
    { timeout: 30_000 },
    async () => {
      let bytes = 0;
      await using test = await startServer({ pushed: (event) => (bytes += event.bytes) });
      using proxy = new TestProxy(test);
      const big = (round: number): Resources =>
        resourcesOf(
          Array.from({ length: 100 }, (_, index) => {
            const one = plain(`c${index}`);
            return { ...one, version: `${round}`, bytes: new Uint8Array(20_000) };
          }),
        );
      test.server.publish(big(0));
      proxy.ask({ typeUrl: cds });
      for (const typeUrl of [typeUrls.endpoints, lds, typeUrls.routes]) proxy.ask({ typeUrl });
      await until('something is sent', () => bytes > 0);
      for (let round = 1; round <= 50; round += 1) test.server.publish(big(round));
      await until('the server had time', () => test.server.proxies().length === 1);
      assert.ok(bytes <= 300_000, `${bytes} bytes`);
      assert.equal(test.server.settledSequence(), 0);
      proxy.acceptAll();
      await until('it has caught up', () => test.server.settledSequence() === 51);
      assert.ok(bytes <= 5_000_000, `${bytes} bytes: not every round was sent`);
    },
  );

  it('ends a stream in which something goes wrong inside, and no other', async () => {
    let isBroken = true;
    await using test = await startServer({
      pushed: () => {
        if (isBroken) throw new Error('observer');
      },
    });
    test.server.publish(world('a'));
    using proxy = new TestProxy(test);
    proxy.ask({ typeUrl: cds });
    proxy.call.resume();
    const code = await proxy.status();
    assert.equal(code, status.INTERNAL);
    isBroken = false;
    using other = new TestProxy(test);
    other.ask({ typeUrl: cds });
    assert.equal((await other.next()).resources.length, 1);
    assert.equal(test.log.lines.filter(({ level }) => level === 'error').length, 1);
  });

  it('ends every stream when it is closed', async () => {
    const test = await startServer();
    test.server.publish(world('a'));
    using proxy = new TestProxy(test);
    await proxy.settle();
    proxy.call.resume();
    const ended = proxy.status();
    await test.server.close();
    assert.equal(await ended, status.OK);
    assert.deepEqual(test.server.proxies(), []);
  });

  it('ends a stream whose proxy ends it', async () => {
    await using test = await startServer();
    using proxy = new TestProxy(test);
    proxy.ask({ typeUrl: cds });
    await until('it is there', () => test.server.proxies().length === 1);
    proxy.call.end();
    await until('it is gone', () => test.server.proxies().length === 0);
  });
});
