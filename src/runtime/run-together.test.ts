import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aborted, runTogether, type Part } from './run-together.ts';

describe('runTogether()', () => {
  it('resolves when every part has ended after the signal aborts', async () => {
    const end = new AbortController();
    const ended: string[] = [];
    const part =
      (name: string): Part =>
      async (signal) => {
        await aborted(signal);
        ended.push(name);
      };
    const running = runTogether([part('a'), part('b')], end.signal);
    assert.deepEqual(ended, []);
    end.abort();
    await running;
    assert.deepEqual(ended, ['a', 'b']);
  });

  it('ends the others when one cannot go on, waits for them, and throws what that one threw', async () => {
    const ended: string[] = [];
    const slow: Part = async (signal) => {
      await aborted(signal);
      await Promise.resolve();
      ended.push('slow');
      throw new Error('what comes after does not count');
    };
    const broken: Part = () => Promise.reject(new Error('no port'));
    await assert.rejects(runTogether([slow, broken], new AbortController().signal), /^Error: no port$/);
    assert.deepEqual(ended, ['slow']);
  });

  it('goes on while a part that has nothing more to do has ended', async () => {
    const end = new AbortController();
    let isDone = false;
    const running = runTogether([() => Promise.resolve(), aborted], end.signal).then(() => (isDone = true));
    await new Promise(setImmediate);
    assert.equal(isDone, false);
    end.abort();
    await running;
  });
});

describe('aborted()', () => {
  it('resolves at once where the signal has aborted', async () => {
    await aborted(AbortSignal.abort());
  });
});
