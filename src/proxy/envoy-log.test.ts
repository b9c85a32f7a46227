import assert from 'node:assert/strict';
import { test } from 'node:test';

import { recordedLog } from '../../test/kit/recorded-log.ts';
import { EnvoyLogReader } from './envoy-log.ts';

function read(...lines: string[]): { lines: string[]; lastWords: readonly string[] } {
  const recorded = recordedLog();
  const reader = new EnvoyLogReader(recorded.log);
  for (const line of lines) reader.line(line);
  return {
    lines: recorded.lines.map(
      ({ level, message, fields }) =>
        `${level} ${(fields['component'] as string | undefined) ?? '-'} ${message}`,
    ),
    lastWords: reader.lastWords,
  };
}

test("Envoy's levels become ours, one step quieter where Envoy is talkative", () => {
  const { lines } = read(
    'trace|http|a',
    'debug|http|b',
    'info|main|c',
    'warning|config|d',
    'error|main|e',
    'critical|main|f',
  );
  assert.deepEqual(lines, [
    'debug http a',
    'debug http b',
    'debug main c',
    'warn config d',
    'error main e',
    'error main f',
  ]);
});

test('escaped control characters, quotes and letters beyond ASCII are as they were written', () => {
  const { lines } = read(
    String.raw`warning|main|cluster \'\303\274\342\230\203\' of \"C:\\temp\"\n\tdid|not`,
  );
  assert.deepEqual(lines, ['warn main cluster \'ü☃\' of "C:\\temp"\n\tdid|not']);
});

test('a line without a level is an error, unless it repeats one', () => {
  const { lines } = read(
    String.raw`critical|main|error \`bad\nthing\``,
    'bad',
    'thing',
    '',
    'sh: 1: exec: /envoy: not found',
  );
  assert.deepEqual(lines, ['error main error `bad\nthing`', 'error - sh: 1: exec: /envoy: not found']);
});

test('the last words are the last three errors', () => {
  const { lastWords } = read('error|a|1', 'error|a|2', 'warning|a|w', 'critical|a|3', 'four', 'info|a|i');
  assert.deepEqual(lastWords, ['2', '3', 'four']);
});

test('warnings of what Maesh itself has chosen warn nobody', () => {
  const field = "field 'envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig.matcher'";
  const unfinished = `${field} is marked as work-in-progress. API features marked`;
  const unlimited =
    'There is no configured limit to the number of allowed active downstream connections. Configure a limit';
  assert.deepEqual(read(`warning|misc|${unfinished}`, `warning|main|${unlimited}`).lines, [
    `debug misc ${unfinished}`,
    `debug main ${unlimited}`,
  ]);
});

test('warnings of an Envoy that was asked to end warn nobody; its errors are told', () => {
  const closed = 'warning|config|gRPC config stream closed';
  const lines = read(closed, 'warning|main|caught ENVOY_SIGTERM', closed, 'error|main|hung').lines;
  assert.deepEqual(lines, [
    'warn config gRPC config stream closed',
    'debug main caught ENVOY_SIGTERM',
    'debug config gRPC config stream closed',
    'error main hung',
  ]);
});
