import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { longestTimerMs, systemClock } from './clock.ts';

it('the clock of the machine does not call at once what is to be called in months', async () => {
  let calls = 0;
  const timer = systemClock.after(longestTimerMs + 1, () => (calls += 1));
  await delay(10);
  timer.cancel();
  assert.equal(calls, 0);
});
