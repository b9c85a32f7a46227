// docs/settings.md against the table of settings, both ways: its tables are exactly what the table of settings says.
// `UPDATE_GOLDEN=1 node --test test/docs-settings.test.ts` writes them anew; format it then.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { envName, flagName, type AnySettings, type Setting } from '../src/config/setting.ts';
import { settings, type CommandName } from '../src/config/settings.ts';

const path = join(import.meta.dirname, '..', 'docs', 'settings.md');
const section = /<!-- settings of (\w+) -->\n(.*?)<!-- end -->/gs;

function tableOf(command: CommandName): string {
  const table: AnySettings = settings[command];
  const rows = Object.entries(table).map(([name, setting]) => rowOf(name, setting));
  return [
    '| flag | variable, file key | default | what it is |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function rowOf(name: string, setting: Setting<unknown>): string {
  const { kind, short, flagOnly, required, deprecated } = setting;
  const placeholder = kind.placeholder === undefined ? '' : ` <${kind.placeholder}>`;
  const flag = `\`${short === undefined ? '' : `-${short}, `}${flagName(name)}${placeholder}\``;
  // A configuration file can't name another one.
  const key = name === 'configFile' ? '' : `, \`${name}\``;
  const others = flagOnly === true ? 'flag only' : `\`${envName(name)}\`${key}`;
  const shown = setting.defaultText ?? `\`${kind.show(setting.default)}\``;
  const note = deprecated === undefined ? '' : `; deprecated: ${deprecated}`;
  const cells = [flag, others, required === true ? 'none: needed' : shown, setting.doc + note];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The formatter lays tables out by the width of their columns. */
function withoutLayout(document: string): string {
  return document
    .replaceAll(/ +/g, ' ')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll(/\n{2,}/g, '\n');
}

describe('docs/settings.md', () => {
  it('has the settings of every command, in the order of the commands', async () => {
    const document = await readFile(path, 'utf8');
    const documented = [...document.matchAll(section)].map(([, command]) => command);
    assert.deepEqual(documented, Object.keys(settings));
  });

  it('says of each setting what the table of settings says, and has none besides', async () => {
    const document = await readFile(path, 'utf8');
    const expected = document.replaceAll(section, (_, command: CommandName) => {
      return `<!-- settings of ${command} -->\n${tableOf(command)}<!-- end -->`;
    });
    if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, expected);
    else assert.equal(withoutLayout(document), withoutLayout(expected));
  });
});
