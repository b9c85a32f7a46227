import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askedNamespaces, fieldSelectorOf, isWatched } from './namespaces.ts';

describe('isWatched()', () => {
  it('is true of every namespace but kube-system where nothing is set', () => {
    const settings = { watch: [], ignore: [] };
    assert.equal(isWatched('store', settings), true);
    assert.equal(isWatched('maesh', settings), true);
    assert.equal(isWatched('kube-system', settings), false);
  });

  it('is true only of those that are named to watch, where some are', () => {
    const settings = { watch: ['store', 'bank'], ignore: [] };
    assert.equal(isWatched('store', settings), true);
    assert.equal(isWatched('bank', settings), true);
    assert.equal(isWatched('stor', settings), false);
    assert.equal(isWatched('default', settings), false);
  });

  it('is false of those that are named to ignore, whether or not they are named to watch', () => {
    assert.equal(isWatched('store', { watch: [], ignore: ['store'] }), false);
    assert.equal(isWatched('bank', { watch: [], ignore: ['store'] }), true);
    const both = { watch: ['store', 'bank'], ignore: ['store'] };
    assert.equal(isWatched('store', both), false);
    assert.equal(isWatched('bank', both), true);
  });

  it('is false of kube-system even where it is named to watch', () => {
    assert.equal(isWatched('kube-system', { watch: ['kube-system'], ignore: [] }), false);
  });

  it('is true of objects that belong to no namespace', () => {
    assert.equal(isWatched('', { watch: ['store'], ignore: ['bank'] }), true);
  });
});

describe('askedNamespaces()', () => {
  it('asks for all at once where none is named to watch, even where some are ignored', () => {
    assert.equal(askedNamespaces({ watch: [], ignore: [] }), undefined);
    assert.equal(askedNamespaces({ watch: [], ignore: ['store'] }), undefined);
  });

  it('asks for those that are named one by one, each once, in one order', () => {
    assert.deepEqual(askedNamespaces({ watch: ['store', 'bank', 'store'], ignore: [] }), ['bank', 'store']);
  });

  it('never asks for what is ignored', () => {
    const watch = ['kube-system', 'store', 'bank'];
    assert.deepEqual(askedNamespaces({ watch, ignore: ['bank'] }), ['store']);
    assert.deepEqual(askedNamespaces({ watch: ['kube-system'], ignore: [] }), []);
  });
});

describe('fieldSelectorOf()', () => {
  it('leaves out what is ignored, kube-system always', () => {
    assert.equal(fieldSelectorOf({ watch: [], ignore: [] }), 'metadata.namespace!=kube-system');
    assert.equal(
      fieldSelectorOf({ watch: [], ignore: ['store', 'bank', 'kube-system'] }),
      'metadata.namespace!=kube-system,metadata.namespace!=bank,metadata.namespace!=store',
    );
  });

  it('is none where namespaces are asked for one by one', () => {
    assert.equal(fieldSelectorOf({ watch: ['store'], ignore: ['bank'] }), undefined);
  });

  it('stays short enough for a request, however much is ignored', () => {
    const ignore = Array.from({ length: 1000 }, (_, n) => `team-${n}`);
    const selector = fieldSelectorOf({ watch: [], ignore }) ?? '';
    assert.ok(selector.length > 1900 && selector.length <= 2000, `${selector.length}`);
    assert.ok(selector.split(',').every((term) => /^metadata\.namespace!=[a-z0-9-]+$/.test(term)));
    assert.ok(
      selector.split(',').every((term) => ['kube-system', ...ignore].includes(term.split('!=')[1] ?? '')),
    );
  });
});
