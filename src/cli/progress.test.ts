import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';

import { Progress } from './progress.ts';

function start(
  context: TestContext,
  isTerminal = true,
): { readonly progress: Progress; readonly written: string[] } {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const written: string[] = [];
  const paint = (_style: unknown, text: string): string => text;
  const out = { isTerminal, paint, write: (text: string) => void written.push(text) };
  return { progress: new Progress(out), written };
}

describe('Progress', () => {
  it('names what takes longer than a second, until it is cleared', (context) => {
    const { progress, written } = start(context);
    progress.begin('looking at a');
    context.mock.timers.tick(999);
    assert.deepEqual(written, []);
    context.mock.timers.tick(1);
    progress.clear();
    progress.clear();
    assert.deepEqual(written, ['… looking at a', '\r\u{1B}[K']);
  });

  it('says nothing of what is over sooner, nor where nobody sees it', (context) => {
    const { progress, written } = start(context);
    progress.begin('looking at a');
    progress.clear();
    context.mock.timers.tick(5_000);
    assert.deepEqual(written, []);
    context.mock.timers.reset();
    const hidden = start(context, false);
    hidden.progress.say('waiting');
    assert.deepEqual(hidden.written, []);
  });
});
