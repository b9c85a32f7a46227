// What `maesh check` says about a cluster, for people and for programs.

import { checkTable } from '../check/check-table.ts';
import type { Status } from '../check/finding.ts';
import type { CheckResult } from '../check/run-checks.ts';
import { counted } from '../runtime/counted.ts';
import type { Output, Style } from './output.ts';

/** How each status is shown on a terminal, and elsewhere. */
const marks: Readonly<
  Record<Status, { readonly sign: string; readonly word: string; readonly style: Style }>
> = {
  ok: { sign: '✔', word: 'ok', style: 'green' },
  warning: { sign: '‼', word: 'warning', style: 'yellow' },
  error: { sign: '✖', word: 'error', style: 'red' },
  skipped: { sign: '-', word: 'skipped', style: 'dim' },
};

const widestWord = Math.max(...Object.values(marks).map(({ word }) => word.length));

/** As many things that are wrong are told of one check; the others are counted. */
const maxDetails = 20;

/** One result: a line, and where something is wrong a line for each thing, and what to do. Groups have headings. */
export function resultText(
  { name, status, message, details, advice }: CheckResult,
  { before, out }: { readonly before: CheckResult | undefined; readonly out: Output },
): string {
  const { group, title } = checkTable[name];
  const { sign, word, style } = marks[status];
  const isNewGroup = before === undefined || checkTable[before.name].group !== group;
  const heading = isNewGroup ? `${before === undefined ? '' : '\n'}${out.paint('bold', group)}\n` : '';
  const mark = out.isTerminal ? sign : word.padEnd(widestWord);
  const code = status === 'ok' ? '' : ` ${out.paint('dim', `(${name})`)}`;
  const shown = details.slice(0, maxDetails);
  const left = details.length - shown.length;
  const lines = [
    `${out.paint(style, mark)} ${title}: ${message}${code}`,
    ...shown.map((detail) => `    ${detail}`),
    ...(left > 0 ? [`    and ${left} more: -o json has all`] : []),
    ...(advice === undefined ? [] : [`  → ${advice}`]),
  ];
  return heading + lines.map((line) => `${line}\n`).join('');
}

/** The line that sums up. */
export function summaryText(results: readonly CheckResult[], out: Output): string {
  const count = (status: Status): number => results.filter((each) => each.status === status).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const parts = [
    ...(errors > 0 ? [out.paint('red', counted(errors, 'error'))] : []),
    ...(warnings > 0 ? [out.paint('yellow', counted(warnings, 'warning'))] : []),
    ...(count('skipped') > 0 ? [`${count('skipped')} not looked at`] : []),
  ];
  const text = parts.length === 0 ? out.paint('green', 'all is well') : parts.join(', ');
  return `\n${counted(results.length, 'check')}: ${text}\n`;
}

/** All of it as one JSON document; `status` is that of the worst check. */
export function jsonClusterReport(results: readonly CheckResult[]): string {
  const has = (status: Status): boolean => results.some((each) => each.status === status);
  const status: Status = has('error') ? 'error' : has('warning') ? 'warning' : 'ok';
  const checks = results.map(({ name, status: found, message, details, advice }) => ({
    name,
    ...checkTable[name],
    status: found,
    message,
    details,
    advice: advice ?? null,
  }));
  return `${JSON.stringify({ status, checks }, undefined, 2)}\n`;
}
