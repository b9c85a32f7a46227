import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';

import { createLog, logLevels, parseLogLevel, type LogDestination, type LogOptions } from './pino-log.ts';

class Lines implements LogDestination {
  readonly lines: string[] = [];
  readonly isTTY: boolean;

  constructor(kind: 'file' | 'terminal' = 'file') {
    this.isTTY = kind === 'terminal';
  }

  write(line: string): void {
    this.lines.push(line);
  }
}

function linesOf(
  options: Partial<LogOptions>,
  act: (log: ReturnType<typeof createLog>) => void,
): readonly string[] {
  const destination = new Lines();
  act(createLog({ level: 'debug', format: 'json', destination, ...options }));
  return destination.lines;
}

function json(line: string | undefined): Record<string, unknown> {
  return JSON.parse(line ?? '') as Record<string, unknown>;
}

test('parseLogLevel() takes the names of the original in any case, and nothing else', () => {
  for (const level of logLevels) assert.equal(parseLogLevel(level.toUpperCase()), level);
  assert.equal(parseLogLevel('Warning'), 'warning');
  assert.equal(parseLogLevel('verbose'), undefined);
  assert.equal(parseLogLevel(''), undefined);
});

test('a level lets through its own lines and those that are more urgent', () => {
  const shown = (level: LogOptions['level']): unknown[] =>
    linesOf({ level }, (log) => {
      log.error('E');
      log.warn('W');
      log.info('I');
      log.debug('D');
    }).map((line) => json(line)['msg']);
  assert.deepEqual(shown('panic'), []);
  assert.deepEqual(shown('fatal'), []);
  assert.deepEqual(shown('error'), ['E']);
  assert.deepEqual(shown('warn'), ['E', 'W']);
  assert.deepEqual(shown('warning'), ['E', 'W']);
  assert.deepEqual(shown('info'), ['E', 'W', 'I']);
  assert.deepEqual(shown('debug'), ['E', 'W', 'I', 'D']);
  assert.deepEqual(shown('trace'), ['E', 'W', 'I', 'D']);
});

test('format json writes one object a line with time, level, message and fields', () => {
  const [line = ''] = linesOf({}, (log) =>
    log.warn('Port taken', { port: 9000, hosts: ['a', 'b'], none: undefined }),
  );
  assert.match(line, /^\{.*\}\n$/);
  const { time, ...rest } = json(line);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, { level: 'warning', msg: 'Port taken', port: 9000, hosts: ['a', 'b'] });
});

test('format common writes one readable line', () => {
  const [line = ''] = linesOf({ format: 'common' }, (log) =>
    log.info('Serving the API', {
      port: 9000,
      address: '127.0.0.1:9000',
      path: '',
      what: { a: 1 },
      on: true,
    }),
  );
  assert.match(
    line,
    /^time="[^"]+" level=info msg="Serving the API" port=9000 address=127\.0\.0\.1:9000 path="" what="\{\\"a\\":1\}" on=true\n$/,
  );
});

test('with() adds fields to every line, each name once, the nearest value winning', () => {
  const lines = linesOf({}, (log) => {
    const part = log.with({ part: 'dns', port: 53 });
    part.with({ part: 'tcp' }).info('A', { port: 54 });
    part.info('B');
    log.info('C');
  });
  assert.deepEqual(
    lines.map((line) => [json(line)['part'], json(line)['port']]),
    [
      ['tcp', 54],
      ['dns', 53],
      [undefined, undefined],
    ],
  );
  assert.equal(lines[0]?.match(/"part"/g)?.length, 1);
});

test('fields named as a part of the line do not replace it', () => {
  const [line] = linesOf({}, (log) => log.info('Message', { msg: 'other', level: 9, time: 'never' }));
  const { time: _time, ...rest } = json(line);
  assert.deepEqual(rest, {
    level: 'info',
    msg: 'Message',
    'fields.msg': 'other',
    'fields.level': 9,
    'fields.time': 'never',
  });
});

test('errors are shown by their messages and causes, with a stack only from debug on', () => {
  const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
  const error = new Error('Cannot ask Envoy', { cause: refused });
  const act = (log: ReturnType<typeof createLog>): void =>
    log.error('Failed', { error, all: [error, 'text'] });
  const [short] = linesOf({ level: 'info' }, act);
  assert.equal(json(short)['error'], 'Cannot ask Envoy: ECONNREFUSED');
  assert.deepEqual(json(short)['all'], ['Cannot ask Envoy: ECONNREFUSED', 'text']);
  assert.equal(json(short)['errorStack'], undefined);
  const [long] = linesOf({ level: 'debug' }, act);
  assert.equal(json(long)['error'], 'Cannot ask Envoy: ECONNREFUSED');
  assert.match(String(json(long)['errorStack']), /Error: Cannot ask Envoy\n\s+at .*pino-log\.test\.ts/);
});

test('an error that is its own cause, and one without message or code, are shown all the same', () => {
  const circular = new Error('Again');
  circular.cause = circular;
  const [line] = linesOf({}, (log) => log.error('Failed', { circular, empty: new TypeError('') }));
  assert.match(String(json(line)['circular']), /^Again(: Again)+$/);
  assert.equal(json(line)['empty'], 'TypeError');
});

test('colours are for terminals only, and NO_COLOR and TERM=dumb forbid them', () => {
  const write = (destination: Lines, env: Record<string, string>): string => {
    createLog({ level: 'info', format: 'common', destination, env }).error('Failed', { port: 1 });
    return destination.lines.join('');
  };
  const escape = '\u001b[';
  assert.ok(write(new Lines('terminal'), {}).includes(`${escape}31merror`));
  assert.ok(write(new Lines('terminal'), { NO_COLOR: '' }).includes(escape));
  assert.ok(!write(new Lines('terminal'), { NO_COLOR: '1' }).includes(escape));
  assert.ok(!write(new Lines('terminal'), { TERM: 'dumb' }).includes(escape));
  assert.ok(!write(new Lines('file'), {}).includes(escape));
});

test('no message and no field can break out of its line or reach the terminal as a control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (message, value) => {
      for (const format of ['common', 'json'] as const) {
        const lines = linesOf({ format }, (log) => log.info(message, { value }));
        assert.equal(lines.length, 1);
        const line = lines[0] ?? '';
        assert.equal(line.indexOf('\n'), line.length - 1);
        if (format === 'common')
          assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      }
    }),
  );
});

test('the default destination is standard error, and the last line before an exit is not lost', () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('pino-log.ts', import.meta.url).href)};
    const log = createLog({ level: 'info', format: 'json' });
    for (let line = 1; line <= 2000; line++) log.info('Line', { line, padding: 'x'.repeat(100) });
    process.exit(3);`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  assert.equal(ran.status, 3);
  assert.equal(ran.stdout, '');
  const lines = ran.stderr.trimEnd().split('\n');
  assert.equal(lines.length, 2000);
  assert.equal(json(lines.at(-1))['line'], 2000);
});
