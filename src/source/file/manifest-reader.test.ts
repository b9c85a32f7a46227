import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { dump } from 'js-yaml';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { RecordLog } from '../../../test/kit/record-log.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLog } from '../../runtime/log.ts';
import type { Content, FileResult } from './content.ts';
import { ManifestReader } from './manifest-reader.ts';

const large = 1024 * 1024;
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-test-'));
});

after(async () => {
  await rm(folder, { recursive: true });
});

const account = (name: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, labels },
});

function contentOf(result: FileResult): Content {
  assert.ok(result.status === 'read', JSON.stringify(result));
  return result;
}

function namesIn(content: Content): string[] {
  return content.pieces.flatMap(({ reading }) => reading.objects.map(({ name }) => name));
}

describe('ManifestReader', () => {
  for (const [where, size] of [
    ['in place', 100],
    ['in a worker', large],
  ] as const) {
    describe(where, () => {
      const reader = new ManifestReader({ clock: systemClock, log: silentLog });
      const read = (path: string, previous?: Content) => reader.read(path, { size, previous });
      after(() => reader.close());

      it('reads what a file says, and what it looks like', async () => {
        const path = join(folder, 'a.yaml');
        await writeFile(path, `# first\n${dump(account('a'))}---\n${dump(account('b'))}`);
        const content = contentOf(await read(path));
        assert.deepEqual(namesIn(content), ['a', 'b']);
        assert.deepEqual(
          content.pieces.map(({ line }) => line),
          [1, 7],
        );
        assert.deepEqual([content.isEmpty, content.endsMidLine], [false, false]);
        await writeFile(path, 'kind: X');
        assert.equal(contentOf(await read(path)).endsMidLine, true);
        await writeFile(path, '\r\n ');
        assert.equal(contentOf(await read(path)).isEmpty, true);
      });

      it('keeps the very readings of what has not changed', async () => {
        const path = join(folder, 'a.yaml');
        const items = [account('a'), account('b'), account('c')];
        await writeFile(path, dump({ kind: 'List', items }));
        const first = contentOf(await read(path));
        await writeFile(
          path,
          dump({ kind: 'List', items: [account('new'), items[0], account('b', { x: '1' }), items[2]] }),
        );
        const second = contentOf(await read(path, first));
        assert.deepEqual(namesIn(second), ['new', 'a', 'b', 'c']);
        assert.equal(second.pieces[1]?.reading, first.pieces[0]?.reading);
        assert.equal(second.pieces[3]?.reading, first.pieces[2]?.reading);
        assert.notEqual(second.pieces[2]?.reading, first.pieces[1]?.reading);
      });

      it('tells files that are gone, are no text, or are no files', async () => {
        assert.deepEqual(await read(join(folder, 'nowhere.yaml')), { status: 'gone' });
        await writeFile(join(folder, 'latin.yaml'), Buffer.from([0x61, 0xe4]));
        assert.deepEqual(await read(join(folder, 'latin.yaml')), {
          status: 'failed',
          code: 'MAESH_FILE_ENCODING',
          reason: 'is not text in UTF-8',
        });
        await mkdir(join(folder, 'sub.yaml'), { recursive: true });
        assert.deepEqual(await read(join(folder, 'sub.yaml')), {
          status: 'failed',
          code: 'MAESH_FILE_UNREADABLE',
          reason: 'is a folder',
        });
      });

      it('hands over as many pieces as there are', async () => {
        const path = join(folder, 'many.json');
        const items = Array.from({ length: 1_001 }, (_, i) => account(`a-${i}`));
        await writeFile(path, JSON.stringify({ kind: 'List', items }));
        const first = contentOf(await read(path));
        assert.equal(namesIn(first).length, items.length);
        assert.deepEqual(namesIn(contentOf(await read(path, first))), namesIn(first));
      });

      it('reads several files asked for at once', async () => {
        const names = ['x', 'y', 'z'];
        for (const name of names) await writeFile(join(folder, `${name}.yaml`), dump(account(name)));
        const results = await Promise.all(names.map((name) => read(join(folder, `${name}.yaml`))));
        assert.deepEqual(
          results.map((result) => namesIn(contentOf(result))),
          names.map((name) => [name]),
        );
      });
    });
  }

  it('refuses a file larger than what is read', async () => {
    const reader = new ManifestReader({ clock: systemClock, log: silentLog });
    assert.deepEqual(
      await reader.read(join(folder, 'huge.yaml'), { size: 300 * 1024 * 1024, previous: undefined }),
      {
        status: 'failed',
        code: 'MAESH_FILE_TOO_LARGE',
        reason: 'has 300 MiB, more than the 256 MiB that are read',
      },
    );
  });

  it('does without a worker where that fails, and says so', async () => {
    const log = new RecordLog();
    let started = 0;
    const startWorker = (): Worker => {
      started += 1;
      return new Worker('throw new Error("no memory")', { eval: true });
    };
    const reader = new ManifestReader({ clock: systemClock, log, startWorker });
    const path = join(folder, 'b.yaml');
    await writeFile(path, dump(account('b')));
    for (const _ of [1, 2]) {
      assert.deepEqual(namesIn(contentOf(await reader.read(path, { size: large, previous: undefined }))), [
        'b',
      ]);
    }
    assert.equal(started, 1);
    assert.deepEqual(log.lines, [
      {
        level: 'warn',
        message: 'Large files are parsed without a worker thread, since it failed',
        fields: { file: path, error: 'no memory' },
      },
    ]);
    await reader.close();
  });

  it('does without a worker where that ends by itself', async () => {
    const reader = new ManifestReader({
      clock: systemClock,
      log: silentLog,
      startWorker: () => new Worker('process.exit(0)', { eval: true }),
    });
    const path = join(folder, 'b.yaml');
    await writeFile(path, dump(account('b')));
    assert.deepEqual(namesIn(contentOf(await reader.read(path, { size: large, previous: undefined }))), [
      'b',
    ]);
  });

  it('fails what is under way, and what comes after, when it is closed', async () => {
    const reader = new ManifestReader({ clock: systemClock, log: silentLog });
    const path = join(folder, 'c.yaml');
    await writeFile(path, dump(account('c')));
    const reads = [1, 2].map(() => reader.read(path, { size: large, previous: undefined }));
    await reader.close();
    for (const result of await Promise.all(reads)) assert.equal(result.status, 'failed');
  });

  it('ends the worker when it had nothing to do for a while, and starts another when it has', async () => {
    const clock = new FakeClock();
    const ended: Promise<unknown>[] = [];
    const startWorker = (): Worker => {
      const worker = new Worker(new URL('./manifest-worker.ts', import.meta.url));
      ended.push(new Promise((resolve) => worker.once('exit', resolve)));
      return worker;
    };
    const reader = new ManifestReader({ clock, log: silentLog, startWorker });
    const path = join(folder, 'd.yaml');
    await writeFile(path, dump(account('d')));
    const read = async () =>
      namesIn(contentOf(await reader.read(path, { size: large, previous: undefined })));
    await read();
    clock.advance(9_999);
    await read();
    assert.equal(ended.length, 1);
    clock.advance(10_000);
    await ended[0];
    assert.deepEqual(await read(), ['d']);
    assert.equal(ended.length, 2);
    await reader.close();
  });
});
