import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { RecordLog } from '../../test/kit/record-log.ts';
import { emptyAllocation } from '../model/build.ts';
import type { Allocation } from '../model/compose.ts';
import { AllocationFile } from './allocation-file.ts';

const allocation: Allocation = {
  ports: {
    http: { assigned: new Map([['store/shop/80', 20_000]]), resting: new Set([20_001]) },
    tcp: { assigned: new Map(), resting: new Set() },
    udp: { assigned: new Map(), resting: new Set() },
  },
  addresses: { assigned: new Map([['store/shop', 2_135_720_192]]), resting: new Set() },
};

describe('AllocationFile', () => {
  let folder = '';
  let path = '';
  let log = new RecordLog();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'maesh-allocation-'));
    path = join(folder, 'state', 'allocation.json');
    log = new RecordLog();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is empty before anything was saved, and gives back what was', () => {
    const file = new AllocationFile(path, log);
    assert.equal(file.load(), emptyAllocation);
    file.save(allocation);
    assert.deepEqual(new AllocationFile(path, log).load(), allocation);
    assert.deepEqual(log.lines, []);
  });

  it('puts a broken file aside and says that ports may move', () => {
    for (const broken of ['{"version":1,', '{"version":2}', '{"version":1,"ports":{}}', '']) {
      mkdirSync(join(folder, 'state'), { recursive: true });
      writeFileSync(path, broken);
      assert.equal(new AllocationFile(path, log).load(), emptyAllocation);
      assert.equal(existsSync(path), false);
      assert.equal(readFileSync(`${path}.broken`, 'utf8'), broken);
    }
    assert.equal(log.lines.filter(({ level }) => level === 'error').length, 4);
  });

  it('keeps the last file whole when a new one cannot be written', () => {
    const file = new AllocationFile(path, log);
    file.save(allocation);
    mkdirSync(`${path}.new`);
    file.save(emptyAllocation);
    assert.match(log.lines[0]?.message ?? '', /cannot be written/);
    assert.deepEqual(file.load(), allocation);
  });

  it('does not start over what it may not read', () => {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o700);
    assert.throws(() => new AllocationFile(path, log).load(), {
      code: 'MAESH_STATE_UNUSABLE',
      message: `The table of ports and addresses cannot be read from ${path}: it is a folder`,
    });
  });

  it('does not start over where it cannot put a broken file aside', () => {
    mkdirSync(join(`${path}.broken`, 'occupied'), { recursive: true });
    writeFileSync(path, 'broken');
    assert.throws(() => new AllocationFile(path, log).load(), { code: 'MAESH_STATE_UNUSABLE' });
    assert.equal(readFileSync(path, 'utf8'), 'broken');
  });
});
