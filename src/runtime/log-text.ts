// The readable log format, `common`: one line an event in logfmt, as the original's (logrus' text format) was, so that
// what read its logs reads these. Nothing that a field holds can break out of its line or drive the terminal.

import { styleText } from 'node:util';

/** What a line begins with, before its fields. */
export interface LogLine {
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly level: string;
  readonly msg: string;
}

/** Whether a line is coloured for a terminal. */
export type Colouring = 'coloured' | 'plain';

const bareValue = /^[\w./:@^+-]+$/;
/** What JSON leaves as it is though terminals and viewers act on it: C1 controls, line separators, text direction. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const levelColours: Readonly<Record<string, 'red' | 'yellow' | 'cyan' | 'gray'>> = {
  error: 'red',
  warning: 'yellow',
  info: 'cyan',
};

/**
 * `time="…" level=info msg="…" port=9000`, with a line feed at its end. Values that hold more than letters, digits and
 * `_./:@^+-` stand in quotation marks with JSON's escapes; objects and arrays are shown as JSON.
 */
export function logText(line: LogLine & Readonly<Record<string, unknown>>, colouring: Colouring): string {
  const { time, level, msg, ...fields } = line;
  const colour = levelColours[level] ?? 'gray';
  // The caller has decided about colour already: styleText must not look at standard output to decide again.
  const paint = (text: string): string =>
    colouring === 'coloured' ? styleText(colour, text, { validateStream: false }) : text;
  const shown = [
    `time=${quoted(time)}`,
    `level=${paint(level)}`,
    `msg=${quoted(msg)}`,
    ...Object.entries(fields).map(([name, value]) => `${paint(name)}=${valueText(value)}`),
  ];
  return `${shown.join(' ')}\n`;
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return bareValue.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
