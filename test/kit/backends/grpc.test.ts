import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { talkGrpc, type GrpcAnswer, type GrpcTalk } from '../clients/grpc.ts';
import { startGrpcBackend } from './grpc.ts';

describe('the gRPC backend', () => {
  const ask = async (talk: Pick<GrpcTalk, 'call' | 'messages' | 'host'>): Promise<GrpcAnswer> => {
    await using backend = await startGrpcBackend({ name: 'shop-1', address: '127.87.0.1' });
    const answer = await talkGrpc({ address: backend.address, port: backend.port, ...talk });
    assert.equal(backend.served(), 1);
    return answer;
  };
  const texts = ({ replies }: GrpcAnswer): readonly string[] => replies.map(({ text }) => text);

  test('answers a unary call, with trailers', async () => {
    const answer = await ask({ call: 'unary', messages: [{ text: 'hi' }], host: 'shop.store.maesh:80' });
    assert.deepEqual(answer.replies, [
      { name: 'shop-1', version: 'v1', host: 'shop.store.maesh:80', text: 'hi' },
    ]);
    assert.equal(answer.status, 0);
    assert.equal(answer.trailers['served-by'], 'shop-1');
  });

  test('collects a stream from the client', async () => {
    const answer = await ask({ call: 'collect', messages: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] });
    assert.deepEqual(texts(answer), ['a b c']);
    assert.equal(answer.trailers['served-by'], 'shop-1');
  });

  test('streams to the client', async () => {
    const answer = await ask({ call: 'expand', messages: [{ text: 'a', times: 3 }] });
    assert.deepEqual(texts(answer), ['a 0', 'a 1', 'a 2']);
    assert.equal(answer.trailers['served-by'], 'shop-1');
  });

  test('chats both ways at once', async () => {
    const answer = await ask({ call: 'chat', messages: [{ text: 'a' }, { text: 'b' }] });
    assert.deepEqual(texts(answer), ['a', 'b']);
    assert.equal(answer.trailers['served-by'], 'shop-1');
  });

  test('fails as it is asked to, after what it has sent', async () => {
    const unary = await ask({ call: 'unary', messages: [{ text: '', failWith: 9 }] });
    assert.partialDeepStrictEqual(unary, { status: 9, details: 'shop-1 was asked to fail', replies: [] });
    const expand = await ask({ call: 'expand', messages: [{ text: 'a', times: 1, failWith: 8 }] });
    assert.deepEqual(texts(expand), ['a 0']);
    assert.partialDeepStrictEqual(expand, { status: 8, trailers: { 'served-by': 'shop-1' } });
  });

  test('is unavailable once it is closed', async () => {
    const backend = await startGrpcBackend({ name: 'shop-1', address: '127.87.0.1' });
    const { address, port } = backend;
    await backend.close();
    const answer = await talkGrpc({ address, port, call: 'unary', messages: [{ text: 'hi' }] });
    assert.equal(answer.status, 14);
  });
});
