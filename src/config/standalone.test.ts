import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { mistakeText } from './mistake.ts';
import type { StandaloneOptions } from './options.ts';
import type { AnySettings } from './setting.ts';
import { settings, type StandaloneSettings } from './settings.ts';
import { standaloneOptions } from './standalone.ts';

const table: AnySettings = settings.standalone;
const defaults = Object.fromEntries(
  Object.entries(table).map(([name, setting]) => [name, setting.default]),
) as unknown as StandaloneSettings;
const surroundings = { env: { HOME: '/home/me' }, cwd: '/work' };

function options(
  given: Partial<StandaloneSettings>,
  around: typeof surroundings = surroundings,
): StandaloneOptions {
  const result = standaloneOptions({ ...defaults, dir: ['mesh'], ...given }, around);
  assert.ok('options' in result, JSON.stringify(result));
  return result.options;
}

describe('standaloneOptions', () => {
  it('takes any free port for xDS, but one that is known for external Envoys', () => {
    assert.equal(options({}).xdsPort, 0);
    assert.equal(options({ envoy: 'external' }).xdsPort, settings.bootstrap.xdsPort.default);
    assert.equal(options({ envoy: 'external', xdsPort: 1 }).xdsPort, 1);
  });

  it('controls access where one of the two settings for it says so', () => {
    assert.equal(options({}).acl, false);
    for (const given of [{ acl: true }, { smi: true }]) assert.equal(options(given).acl, true);
  });

  it('logs everything where debug is on', () => {
    assert.equal(options({}).logLevel, 'info');
    assert.equal(options({ debug: true, logLevel: 'error' }).logLevel, 'debug');
  });

  it('keeps the state of a set of folders in one place, however it is named', () => {
    const { stateDir } = options({ dir: ['b', 'a'] });
    assert.match(stateDir, /^\/home\/me\/\.local\/state\/maesh\/[0-9a-f]{12}$/);
    assert.equal(options({ dir: ['/work/a', './x/../b'] }).stateDir, stateDir);
    assert.notEqual(options({ dir: ['a'] }).stateDir, stateDir);
    assert.notEqual(options({ dir: ['b', 'a'] }, { ...surroundings, cwd: '/elsewhere' }).stateDir, stateDir);
  });

  it('keeps the state under XDG_STATE_HOME, or where it is told', () => {
    const around = { cwd: '/work', env: { HOME: '/home/me', XDG_STATE_HOME: '/state' } };
    assert.match(options({}, around).stateDir, /^\/state\/maesh\/[0-9a-f]{12}$/);
    assert.equal(options({ stateDir: 'here' }).stateDir, '/work/here');
  });

  it('refuses two uses of one port', () => {
    const result = standaloneOptions(
      { ...defaults, dir: ['a'], httpPort: 9000, dnsPort: 9000 },
      surroundings,
    );
    assert.ok('mistakes' in result);
    assert.deepEqual(result.mistakes.map(mistakeText), [
      '--dnsPort 9000; --httpPort is the same port; give each a port of its own, or 0 for any free one',
      '--apiPort 9000; --httpPort is the same port; give each a port of its own, or 0 for any free one',
    ]);
  });

  it('lets every port be any free one', () => {
    const { httpPort, dnsPort, apiPort, xdsPort } = options({
      httpPort: 0,
      dnsPort: 0,
      apiPort: 0,
      xdsPort: 0,
    });
    assert.deepEqual([httpPort, dnsPort, apiPort, xdsPort], [0, 0, 0, 0]);
  });
});
