import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '../../model/objects.ts';
import type { ContentPiece } from './content.ts';
import { ObjectStore, type FilePlace } from './object-store.ts';

const a: FilePlace = { path: 'mesh/a.yaml', root: 0 };
const b: FilePlace = { path: 'mesh/b.yaml', root: 0 };

function account(name: string, labels: Record<string, string> = {}): KubeObject {
  return { kind: 'ServiceAccount', namespace: 'store', name, labels };
}

function piece(
  line: number,
  objects: readonly KubeObject[],
  unreadable: readonly string[] = [],
): ContentPiece {
  return {
    line,
    hash: '',
    reading: {
      objects,
      unreadable: unreadable.map((name) => ({ kind: 'ServiceAccount', key: `store/${name}` })),
      isPartlyUnknown: false,
      problems: [],
      ignoredKinds: [],
    },
  };
}

/** A store to which versions of files are given in few words. */
class Files {
  readonly store = new ObjectStore();

  set(place: FilePlace, ...pieces: readonly ContentPiece[]): number {
    return this.store.setFile(place, { pieces, keeps: 'nothing' });
  }

  setKeeping(place: FilePlace, ...pieces: readonly ContentPiece[]): number {
    return this.store.setFile(place, { pieces, keeps: 'missing' });
  }

  /** Each change as `+key label@file:line` or `-key`. */
  changes(): string[] {
    return this.store.takeChanges().map(({ key, object }) => {
      if (object === undefined) return `-${key}`;
      return `+${key} ${object.labels['is'] ?? ''}@${object.origin?.file}:${object.origin?.line}`;
    });
  }

  duplicates(): string[] {
    return this.store.duplicates().map(({ message }) => message);
  }
}

describe('ObjectStore', () => {
  it('gives what is new, sorted, with where it is, and then nothing until something changes', () => {
    const files = new Files();
    files.set(a, piece(7, [account('z', { is: '1' })]), piece(1, [account('b')]));
    assert.deepEqual(files.changes(), ['+store/b @mesh/a.yaml:1', '+store/z 1@mesh/a.yaml:7']);
    assert.deepEqual(files.changes(), []);
  });

  it('sorts changes by kind, as kinds are listed, then by key', () => {
    const { store } = new Files();
    const namespace: KubeObject = { kind: 'Namespace', namespace: '', name: 'x', labels: {} };
    store.setFile(a, { pieces: [piece(1, [account('b'), account('a'), namespace])], keeps: 'nothing' });
    assert.deepEqual(
      store.takeChanges().map(({ kind, key }) => `${kind} ${key}`),
      ['Namespace /x', 'ServiceAccount store/a', 'ServiceAccount store/b'],
    );
  });

  it('keeps the reference of an object that says the same, and its origin up to date', () => {
    const files = new Files();
    files.set(a, piece(1, [account('x', { is: '1' })]));
    const [first] = files.store.takeChanges();
    files.set(a, piece(9, [account('x', { is: '1' })]));
    assert.deepEqual(files.changes(), []);
    assert.deepEqual(first?.object?.origin, { file: 'mesh/a.yaml', line: 9 });
    const same = account('x', { is: '1' });
    files.set(a, piece(11, [same]));
    files.set(a, piece(12, [same]));
    assert.deepEqual(files.changes(), []);
    assert.deepEqual(first?.object?.origin, { file: 'mesh/a.yaml', line: 12 });
  });

  it('gives what changed and what is gone', () => {
    const files = new Files();
    files.set(a, piece(1, [account('x', { is: '1' }), account('y')]));
    files.changes();
    files.set(a, piece(1, [account('x', { is: '2' })]));
    assert.deepEqual(files.changes(), ['+store/x 2@mesh/a.yaml:1', '-store/y']);
    files.store.dropFile(a.path);
    assert.deepEqual(files.changes(), ['-store/x']);
    files.store.dropFile(a.path);
    files.store.holdFile(a.path);
    assert.deepEqual(files.changes(), []);
  });

  it('gives nothing where a change was undone in between', () => {
    const files = new Files();
    files.set(a, piece(1, [account('x', { is: '1' })]));
    files.changes();
    files.set(a, piece(1, [account('x', { is: '2' })]));
    files.store.dropFile(a.path);
    files.set(b, piece(3, [account('x', { is: '1' })]));
    assert.deepEqual(files.changes(), []);
    files.set(b, piece(3, [account('y')]));
    files.set(b);
    assert.deepEqual(files.changes(), ['-store/x']);
  });

  it('lets the first of two files count, whichever came first, and names both places', () => {
    const files = new Files();
    files.set(b, piece(2, [account('x', { is: 'b' })]));
    assert.deepEqual(files.changes(), ['+store/x b@mesh/b.yaml:2']);
    files.set(a, piece(1, [account('x', { is: 'a' })]));
    assert.deepEqual(files.changes(), ['+store/x a@mesh/a.yaml:1']);
    const [problem] = files.store.duplicates();
    assert.deepEqual(problem, {
      code: 'MAESH_OBJECT_DUPLICATE',
      subject: {
        kind: 'ServiceAccount',
        namespace: 'store',
        name: 'x',
        origin: { file: 'mesh/b.yaml', line: 2 },
      },
      message: 'the object in mesh/b.yaml:2 is also in mesh/a.yaml:1, which comes first and counts',
      advice: 'Remove one of the two, or give it another name or namespace.',
    });
    files.store.dropFile(a.path);
    assert.deepEqual(files.changes(), ['+store/x b@mesh/b.yaml:2']);
    assert.deepEqual(files.duplicates(), []);
  });

  it('lets the path named first count before any order of names', () => {
    const files = new Files();
    files.set({ path: 'a', root: 1 }, piece(1, [account('x', { is: 'a' })]));
    files.set({ path: 'z', root: 0 }, piece(1, [account('x', { is: 'z' })]));
    assert.deepEqual(files.changes(), ['+store/x z@z:1']);
    files.set({ path: 'a', root: -1 }, piece(1, [account('x', { is: 'a' })]));
    assert.deepEqual(files.changes(), ['+store/x a@a:1']);
  });

  it('lets the first of two documents of a file count', () => {
    const files = new Files();
    files.set(a, piece(1, [account('x', { is: '1' })]), piece(5, [account('x', { is: '2' })]));
    assert.deepEqual(files.changes(), ['+store/x 1@mesh/a.yaml:1']);
    assert.deepEqual(files.duplicates(), [
      'the object in mesh/a.yaml:5 is also in mesh/a.yaml:1, which comes first and counts',
    ]);
    files.store.holdFile(a.path);
    assert.deepEqual(files.duplicates(), []);
    files.set(a, piece(5, [account('x', { is: '2' })]));
    assert.deepEqual(files.changes(), ['+store/x 2@mesh/a.yaml:5']);
    assert.deepEqual(files.duplicates(), []);
  });

  it('keeps the last good version of an object that cannot be read', () => {
    const files = new Files();
    files.set(a, piece(1, [account('x', { is: '1' })]));
    files.changes();
    files.set(a, piece(1, [], ['x', 'never']));
    assert.deepEqual(files.changes(), []);
    files.set(a, piece(1, [account('x', { is: '2' })], ['never']));
    assert.deepEqual(files.changes(), ['+store/x 2@mesh/a.yaml:1']);
    files.set(a, piece(1, [account('never')], ['x']));
    assert.deepEqual(files.changes(), ['+store/never @mesh/a.yaml:1']);
    files.set(a);
    assert.deepEqual(files.changes(), ['-store/never', '-store/x']);
  });

  it('does not let another file take over while the first one cannot be read', () => {
    const files = new Files();
    files.set(a, piece(1, [account('x', { is: 'a' })]));
    files.set(b, piece(1, [account('x', { is: 'b' })]));
    files.changes();
    files.set(a, piece(1, [], ['x']));
    assert.deepEqual(files.changes(), []);
    assert.equal(files.duplicates().length, 1);
  });

  it('takes what another file says where the first one never could be read', () => {
    const files = new Files();
    files.set(a, piece(1, [], ['x']));
    files.set(b, piece(1, [account('x', { is: 'b' })]));
    assert.deepEqual(files.changes(), ['+store/x b@mesh/b.yaml:1']);
  });

  it('holds what a version no longer gives, for as long as it is asked to', () => {
    const files = new Files();
    files.setKeeping(a, piece(1, [account('x'), account('y')]));
    files.changes();
    assert.equal(files.setKeeping(a, piece(1, [account('x')])), 1);
    assert.equal(files.setKeeping(a, piece(1, [account('x', { is: '2' })])), 1);
    assert.deepEqual(files.changes(), ['+store/x 2@mesh/a.yaml:1']);
    assert.equal(files.set(a, piece(1, [account('x', { is: '2' })])), 0);
    assert.deepEqual(files.changes(), ['-store/y']);
  });

  it('lets an object move from one file to another without a gap, and is no duplicate on the way', () => {
    const files = new Files();
    files.set(a, piece(1, [account('x', { is: '1' })]));
    const [offered] = files.store.takeChanges();
    files.store.holdFile(a.path);
    assert.deepEqual(files.changes(), []);
    files.set(b, piece(4, [account('x', { is: '1' })]));
    assert.deepEqual(files.changes(), []);
    assert.deepEqual(offered?.object?.origin, { file: 'mesh/b.yaml', line: 4 });
    assert.deepEqual(files.duplicates(), []);
    files.store.dropFile(a.path);
    assert.deepEqual(files.changes(), []);
  });

  it('takes a held file back as it was', () => {
    const files = new Files();
    const x = account('x', { is: '1' });
    files.set(a, piece(1, [x]));
    files.changes();
    files.store.holdFile(a.path);
    files.store.holdFile(a.path);
    files.set(a, piece(1, [x]));
    files.set(b, piece(1, [account('x', { is: 'b' })]));
    assert.deepEqual(files.changes(), []);
    assert.equal(files.duplicates().length, 1);
  });
});
