import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { logFormats, logLevels } from '../runtime/pino-log.ts';
import { envName, envSuffix, flagName, type AnySettings } from './setting.ts';
import { settings } from './settings.ts';

const tables: readonly (readonly [string, AnySettings])[] = Object.entries(settings);

describe('the table of settings', () => {
  for (const [command, table] of tables) {
    it(`has names for ${command} that differ in more than case`, () => {
      const words = Object.entries(table).flatMap(([name, { short }]) =>
        short === undefined ? [name] : [name, short],
      );
      const folded = words.map((word) => word.toLowerCase());
      assert.deepEqual([...new Set(folded)], folded);
      assert.ok(!folded.includes('h') && !folded.includes('help'), 'help is taken');
    });

    it(`has defaults for ${command} that a user could have written`, () => {
      for (const [name, { kind, required, default: value }] of Object.entries(table)) {
        if (required === true || value === undefined) continue;
        assert.deepEqual(kind.read([kind.show(value)]), { value }, name);
      }
    });

    it(`says what each default for ${command} is`, () => {
      for (const [name, { kind, required, default: value, defaultText }] of Object.entries(table)) {
        if (required !== true) assert.notEqual(defaultText ?? kind.show(value), '', name);
      }
    });
  }

  it('takes the very levels and formats that the log knows', () => {
    const { logLevel, logFormat } = settings.standalone;
    for (const level of logLevels) assert.deepEqual(logLevel.kind.read([level]), { value: level });
    for (const format of logFormats) assert.deepEqual(logFormat.kind.read([format]), { value: format });
    const { advice } = { advice: '', ...logLevel.kind.read(['loud']) };
    assert.equal(advice.match(/[a-z]+(?=,| or|$)| [a-z]+$/g)?.length, logLevels.length, advice);
    assert.equal(logFormat.kind.placeholder, logFormats.join('|'));
  });

  it("keeps the original's defaults", () => {
    const { defaultMode, namespace, apiPort, logFormat, debug } = settings.standalone;
    const defaults = [defaultMode, namespace, apiPort, logFormat, debug].map((setting) => setting.default);
    assert.deepEqual(defaults, ['http', 'maesh', 9000, 'common', false]);
  });

  it("has every setting of the original's controller, by its name and with its default", () => {
    const original: Readonly<Record<string, unknown>> = {
      configFile: undefined,
      kubeConfig: undefined,
      masterURL: undefined,
      logLevel: 'error',
      logFormat: 'common',
      debug: false,
      acl: false,
      closeForbidden: false,
      smi: false,
      defaultMode: 'http',
      namespace: 'maesh',
      watchNamespaces: [],
      ignoreNamespaces: [],
      apiPort: 9000,
      apiHost: '',
      // The original's were 10, 25 and 25.
      limitHTTPPort: undefined,
      limitTCPPort: undefined,
      limitUDPPort: undefined,
    };
    const table: AnySettings = settings.controller;
    for (const [name, value] of Object.entries(original)) assert.deepEqual(table[name]?.default, value, name);
    const added = Object.keys(table).filter((name) => !Object.hasOwn(original, name));
    assert.deepEqual(added, [
      'leaseName',
      'clusterDomain',
      'keepDNS',
      'restartDNS',
      'meshDomains',
      'xdsPort',
    ]);
  });

  it("has every setting of the original's prepare and cleanup", () => {
    const common = ['configFile', 'kubeConfig', 'masterURL', 'logLevel', 'logFormat', 'namespace'];
    const original = {
      prepare: [...common, 'debug', 'clusterDomain', 'smi', 'acl'],
      cleanup: common,
    } as const;
    const added = { prepare: ['restartDNS', 'meshDomains'], cleanup: ['leaseName', 'meshDomains'] } as const;
    for (const command of ['prepare', 'cleanup'] as const) {
      const names = [...original[command], ...added[command]];
      assert.deepEqual(Object.keys(settings[command]).toSorted(), names.toSorted());
    }
    assert.equal(settings.prepare.clusterDomain.default, 'cluster.local');
  });
});

describe('the names of a setting', () => {
  it('are made of one', () => {
    assert.equal(flagName('limitHTTPPort'), '--limitHTTPPort');
    assert.equal(envSuffix('limitHTTPPort'), 'LIMITHTTPPORT');
    assert.equal(envName('limitHTTPPort'), 'MAESH_LIMITHTTPPORT');
  });
});
