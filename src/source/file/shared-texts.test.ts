import assert from 'node:assert/strict';
import { test } from 'node:test';

import { shareTexts } from './shared-texts.ts';

/** A text that is no constant of the program, so that another like it is another string. */
function text(length: number): string {
  return Array.from({ length }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
}

test('shareTexts() changes nothing of what a value says', () => {
  const value = (): object => ({
    name: text(10),
    long: text(100),
    list: [text(5), { zone: text(5) }, null, undefined, 3, true],
  });
  const shared = value();
  assert.equal(shareTexts(shared), shared);
  assert.deepEqual(shared, value());
});

test('shareTexts() goes on when more different texts have come than it keeps', () => {
  for (let n = 0; n < 50_000; n++) {
    const value = { name: `service-${n}` };
    assert.equal(shareTexts(value).name, `service-${n}`);
  }
});
