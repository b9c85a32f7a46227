// What `npm test` shows of the test run: one line a file, everything about failures, and the closing lines of node's
// own reporter. Hundreds of lines about what passed would hide the one that matters.

import { relative } from 'node:path';
import { Readable } from 'node:stream';
import { spec as Spec, type TestEvent } from 'node:test/reporters';
import { styleText } from 'node:util';

/** Node's reporter interface: takes the runner's events, yields text. */
// oxlint-disable-next-line import/no-default-export -- node loads a reporter by its default export
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  yield* Readable.from(shown(events)).pipe(new Spec()) as AsyncIterable<string>;
}

/** The events that node's own reporter is given to print. It prints a message of a test's output as it is. */
async function* shown(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  for await (const event of events) {
    if (event.type === 'test:summary' && event.data.file !== undefined) {
      yield { type: 'test:stdout', data: { file: event.data.file, message: fileLine(event.data) } };
    } else if (printed.has(event.type)) {
      yield event;
    }
  }
}

const printed: ReadonlySet<TestEvent['type']> = new Set([
  'test:fail',
  'test:diagnostic',
  'test:stdout',
  'test:stderr',
  'test:summary',
]);

function fileLine({ success, counts, duration_ms, file }: SummaryOfFile): string {
  const sign = success ? styleText('green', '✔') : styleText('red', '✖');
  const skipped = counts.skipped + counts.todo > 0 ? `, ${counts.skipped + counts.todo} skipped` : '';
  const seconds = (duration_ms / 1000).toFixed(1);
  return `${sign} ${relative(process.cwd(), file ?? '')} (${counts.tests} tests${skipped}, ${seconds} s)\n`;
}

type SummaryOfFile = Extract<TestEvent, { type: 'test:summary' }>['data'];
