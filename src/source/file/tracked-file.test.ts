import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dump } from 'js-yaml';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { readText } from './manifest-reader.ts';
import { ObjectStore } from './object-store.ts';
import type { FoundFile } from './scan.ts';
import { TrackedFile } from './tracked-file.ts';

const account = (name: string, labels: object = {}) =>
  dump({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, labels } });
const found: FoundFile = {
  place: { path: 'a.yaml', root: 0 },
  isLink: false,
  stamp: '1',
  size: 100,
  changedAt: 0,
};

/** A file whose versions are given as text, and what the store has of it. */
class Versions {
  readonly clock = new FakeClock();
  readonly store = new ObjectStore();
  readonly file = new TrackedFile(found, {
    store: this.store,
    clock: this.clock,
    timing: { goneMs: 100, emptyMs: 3_000 },
  });
  readonly #names = new Set<string>();

  read(text: string): void {
    this.file.found(found, 1_000);
    this.file.take({ status: 'read', ...readText(text, new Map()) });
    this.#takeChanges();
  }

  fail(): void {
    this.file.take({ status: 'failed', code: 'MAESH_FILE_UNREADABLE', reason: 'cannot be read' });
  }

  /** Lets time go by, and does what is then due. */
  wait(ms: number): 'kept' | 'forgotten' {
    this.clock.advance(ms);
    return this.file.settle();
  }

  /** The names of the objects that are there, with their labels. */
  get names(): string {
    this.#takeChanges();
    return [...this.#names].toSorted().join(', ').replaceAll('default/', '');
  }

  get codes(): string[] {
    return this.file.problems.map(({ code }) => code);
  }

  #takeChanges(): void {
    for (const { key, object } of this.store.takeChanges()) {
      for (const name of this.#names) if (name.split(' ')[0] === key) this.#names.delete(name);
      if (object !== undefined) this.#names.add([key, ...Object.keys(object.labels)].join(' '));
    }
  }
}

describe('TrackedFile', () => {
  it('takes new and changed objects at once', () => {
    const versions = new Versions();
    versions.read(account('a'));
    assert.equal(versions.names, 'a');
    versions.read(`${account('a', { x: '1' })}---\n${account('b')}`);
    assert.equal(versions.names, 'a x, b');
    assert.equal(versions.file.dueAt, Number.POSITIVE_INFINITY);
    assert.equal(versions.file.isUncertain, false);
  });

  it('drops an object that is missing from it only after a while', () => {
    const versions = new Versions();
    versions.read(`${account('a')}---\n${account('b')}`);
    versions.read(account('a'));
    assert.equal(versions.names, 'a, b');
    versions.wait(99);
    assert.equal(versions.names, 'a, b');
    assert.equal(versions.file.dueAt, 100);
    versions.wait(1);
    assert.equal(versions.names, 'a');
  });

  it('is not kept from dropping an object by changes that go on', () => {
    const versions = new Versions();
    versions.read(`${account('a')}---\n${account('b')}`);
    for (const count of ['1', '2', '3']) {
      versions.read(account('a', { [count]: '' }));
      versions.wait(40);
    }
    assert.equal(versions.names, 'a 3');
  });

  it('gives each object that is missing its own while, whatever else has been missing for longer', () => {
    const versions = new Versions();
    versions.read(`${account('a')}---\n${account('b')}---\n${account('c')}`);
    versions.read(`${account('a')}---\n${account('b')}`);
    versions.wait(90);
    versions.read(account('a'));
    versions.wait(10);
    assert.equal(versions.names, 'a, b');
    assert.equal(versions.file.dueAt, 190);
    versions.wait(89);
    assert.equal(versions.names, 'a, b');
    versions.wait(1);
    assert.equal(versions.names, 'a');
  });

  it('does nothing that became due only after the time it is asked about', () => {
    const versions = new Versions();
    versions.read(`${account('a')}---\n${account('b')}`);
    versions.read(account('a'));
    versions.clock.advance(150);
    assert.equal(versions.file.settle(99), 'kept');
    assert.equal(versions.names, 'a, b');
    assert.equal(versions.file.settle(100), 'kept');
    assert.equal(versions.names, 'a');
  });

  it('keeps an object that comes back in time', () => {
    const versions = new Versions();
    versions.read(`${account('a')}---\n${account('b')}`);
    versions.read(account('a'));
    versions.wait(50);
    versions.read(`${account('a')}---\n${account('b')}`);
    versions.wait(1_000);
    assert.equal(versions.names, 'a, b');
  });

  it('takes an empty file for one that is about to be written, for longer', () => {
    const versions = new Versions();
    versions.read(account('a'));
    versions.read('\n');
    versions.wait(2_999);
    assert.equal(versions.names, 'a');
    versions.wait(1);
    assert.equal(versions.names, '');
  });

  it('keeps everything while a document is broken, and says so', () => {
    const versions = new Versions();
    versions.read(`${account('a')}---\n${account('b')}`);
    versions.read(`${account('a', { x: '' })}---\nkind: [\n`);
    versions.wait(1_000_000);
    assert.equal(versions.names, 'a x, b');
    assert.deepEqual(versions.codes, ['MAESH_DOCUMENT_BROKEN']);
    versions.read(account('a'));
    versions.wait(100);
    assert.equal(versions.names, 'a');
    assert.deepEqual(versions.codes, []);
  });

  it('waits for the end of a line that is missing, if it was there before', () => {
    const versions = new Versions();
    versions.read(account('a', { x: 'long' }));
    versions.read(account('a', { y: 'longer' }).slice(0, -4));
    assert.equal(versions.names, 'a x');
    versions.read(account('a', { y: 'longer' }).slice(0, -2));
    versions.wait(60);
    versions.read(account('a', { y: 'longer' }));
    assert.equal(versions.names, 'a y');
  });

  it('takes a text without an end of line after a while, even where it changes all the time', () => {
    const versions = new Versions();
    versions.read(account('a'));
    for (const count of ['1', '2', '3']) {
      versions.read(account('a', { [count]: '' }).trimEnd());
      versions.wait(40);
    }
    assert.equal(versions.names, 'a 3');
    versions.read(account('a', { 4: '' }).trimEnd());
    assert.equal(versions.names, 'a 4');
  });

  it('is forgotten some time after it is gone', () => {
    const versions = new Versions();
    versions.read(account('a'));
    versions.file.gone();
    assert.equal(versions.file.isGone, true);
    assert.equal(versions.file.isUncertain, true);
    assert.equal(versions.wait(60), 'kept');
    versions.file.gone();
    assert.equal(versions.names, 'a');
    assert.equal(versions.wait(40), 'forgotten');
    assert.equal(versions.names, '');
  });

  it('is not forgotten when it is back in time', () => {
    const versions = new Versions();
    versions.read(account('a'));
    versions.file.take({ status: 'gone' });
    versions.wait(60);
    versions.read(account('a'));
    assert.equal(versions.wait(1_000), 'kept');
    assert.equal(versions.names, 'a');
    assert.equal(versions.file.isUncertain, false);
  });

  it('keeps all it said while it cannot be read', () => {
    const versions = new Versions();
    versions.read(`${account('a')}---\nkind: [\n`);
    versions.fail();
    assert.deepEqual(versions.codes, ['MAESH_FILE_UNREADABLE', 'MAESH_DOCUMENT_BROKEN']);
    assert.equal(versions.file.isUncertain, true);
    versions.wait(1_000_000);
    assert.equal(versions.names, 'a');
    versions.read(account('a'));
    assert.deepEqual(versions.codes, []);
  });

  it('keeps what it held while nobody can tell what it is', () => {
    const versions = new Versions();
    versions.read(account('a'));
    versions.file.gone();
    versions.file.suspend();
    assert.equal(versions.wait(1_000_000), 'kept');
    assert.equal(versions.names, 'a');
    assert.equal(versions.file.isUncertain, true);
  });

  it('is uncertain where it changed right before it was read', () => {
    const versions = new Versions();
    versions.file.found(found, 99);
    assert.equal(versions.file.isUncertain, true);
    versions.file.found(found, 100);
    assert.equal(versions.file.isUncertain, false);
  });
});
