import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { clientOf, object, replies, services } from '../../test/kit/kube-answers.ts';
import { RecordLog } from '../../test/kit/record-log.ts';
import { until } from '../../test/kit/until.ts';
import { systemClock } from '../runtime/clock.ts';
import { catchUp } from './catch-up.ts';

const selection = { type: services, namespace: 'shop', labelSelector: 'a=b' };

interface CatchingUp {
  readonly log: RecordLog;
  readonly seen: readonly { readonly url: string }[];
  /** How far the watch is, and what the server answers with. */
  readonly at: { position: string | undefined; status: number };
  /** Whether it has caught up. */
  readonly isDone: () => boolean;
  readonly done: Promise<void>;
  readonly end: () => void;
}

async function start(versions: readonly string[], position: string | undefined): Promise<CatchingUp> {
  const at = { position, status: 200 };
  const items = versions.map((resourceVersion) => ({ metadata: { ...object.metadata, resourceVersion } }));
  const { client, seen } = await clientOf((request, response) =>
    replies(at.status, { metadata: { resourceVersion: '1000' }, items })(request, response),
  );
  const [log, end] = [new RecordLog(), new AbortController()];
  const common = { client, selection, log, clock: systemClock, signal: end.signal };
  let isDone = false;
  const done = catchUp({ ...common, position: () => at.position }).finally(() => (isDone = true));
  return { log, seen, at, isDone: () => isDone, done, end: () => end.abort() };
}

suite('catchUp()', () => {
  test('waits until the newest object of a list of the newest state has come by the watch', async () => {
    const { seen, at, isDone, done } = await start(['99', '101', '100'], '100');
    await until('the list', () => seen[0]);
    assert.doesNotMatch(seen[0]?.url ?? '', /resourceVersion=/);
    at.position = undefined;
    await new Promise(setImmediate);
    assert.equal(isDone(), false);
    at.position = '101';
    await done;
  });

  test('waits for nothing where the watch is further, or there is nothing', async () => {
    await (
      await start(['99'], '99')
    ).done;
    await (
      await start([], undefined)
    ).done;
  });

  test('ends when it is told to, also while the server refuses, which it says', async () => {
    const behind = await start(['99'], undefined);
    await until('the list', () => behind.seen[0]);
    behind.end();
    await behind.done;
    const refused = await start(['99'], undefined);
    refused.at.status = 403;
    await until('the refusal', () => refused.log.lines[0]);
    refused.end();
    await refused.done;
  });
});
