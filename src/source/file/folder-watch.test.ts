import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { RecordLog } from '../../../test/kit/record-log.ts';
import { FolderWatches, type WatchFolder } from './folder-watch.ts';

class FakeWatcher extends EventEmitter {
  isClosed = false;
  readonly listener: (event: string, name: string | null) => void;

  constructor(listener: (event: string, name: string | null) => void) {
    super();
    this.listener = listener;
  }

  close(): void {
    this.isClosed = true;
  }
}

function setUp() {
  const watchers = new Map<string, FakeWatcher>();
  const failures = new Map<string, string>();
  const events: [string, string | undefined][] = [];
  const log = new RecordLog();
  const watchFolder: WatchFolder = (path, listener) => {
    const code = failures.get(path);
    if (code !== undefined) throw Object.assign(new Error(`${code}: no watch`), { code });
    const watcher = new FakeWatcher(listener);
    watchers.set(path, watcher);
    return watcher as unknown as ReturnType<WatchFolder>;
  };
  const watches = new FolderWatches((folder, name) => events.push([folder, name]), { log, watchFolder });
  return { watches, watchers, failures, events, log };
}

describe('FolderWatches', () => {
  it('watches the folders that it is given, and no others', () => {
    const { watches, watchers, events } = setUp();
    assert.deepEqual(
      watches.sync(
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      ),
      { begun: 2, failed: 0 },
    );
    watchers.get('a')?.listener('change', 'x.yaml');
    watchers.get('b')?.listener('rename', null);
    assert.deepEqual(events, [
      ['a', 'x.yaml'],
      ['b', undefined],
    ]);
    assert.deepEqual(watches.sync(new Map([['b', '2']])), { begun: 0, failed: 0 });
    assert.equal(watchers.get('a')?.isClosed, true);
    watches.close();
    assert.equal(watchers.get('b')?.isClosed, true);
  });

  it('watches a folder anew when another has taken its place', () => {
    const { watches, watchers } = setUp();
    watches.sync(new Map([['a', '1']]));
    const before = watchers.get('a');
    assert.deepEqual(watches.sync(new Map([['a', '2']])), { begun: 1, failed: 0 });
    assert.equal(before?.isClosed, true);
    assert.equal(watchers.get('a')?.isClosed, false);
  });

  it('watches a folder anew once it was moved or removed itself', () => {
    const { watches, watchers, events } = setUp();
    watches.sync(new Map([['mesh/a', '1']]));
    watchers.get('mesh/a')?.listener('rename', 'a');
    assert.deepEqual(events, [['mesh/a', undefined]]);
    assert.deepEqual(watches.sync(new Map([['mesh/a', '1']])), { begun: 1, failed: 0 });
  });

  it('says once that folders cannot be watched, and tries again', () => {
    const { watches, failures, log } = setUp();
    failures.set('a', 'ENOSPC').set('b', 'EMFILE');
    const wanted = new Map([
      ['a', '1'],
      ['b', '2'],
    ]);
    assert.deepEqual(watches.sync(wanted), { begun: 0, failed: 2 });
    assert.deepEqual(watches.sync(wanted), { begun: 0, failed: 2 });
    assert.deepEqual(
      log.lines.map(({ level, message, fields }) => [level, message, fields['folder']]),
      [['warn', 'Folders cannot be watched, so they are looked at every second', 'a']],
    );
    failures.clear();
    assert.deepEqual(watches.sync(wanted), { begun: 2, failed: 0 });
    watches.sync(new Map());
    failures.set('a', 'ENOSPC');
    watches.sync(wanted);
    assert.equal(log.lines.length, 2);
  });

  it('says nothing of a folder that has just gone', () => {
    const { watches, failures, log } = setUp();
    failures.set('a', 'ENOENT');
    assert.deepEqual(watches.sync(new Map([['a', '1']])), { begun: 0, failed: 1 });
    assert.deepEqual(log.lines, []);
  });

  it('reports a watch that breaks, and ends it', () => {
    const { watches, watchers, events, log } = setUp();
    watches.sync(new Map([['a', '1']]));
    watchers.get('a')?.emit('error', Object.assign(new Error('broken'), { code: 'EIO' }));
    assert.deepEqual(events, [['a', undefined]]);
    assert.equal(watchers.get('a')?.isClosed, true);
    assert.equal(log.lines[0]?.fields['error'], 'broken');
  });
});
