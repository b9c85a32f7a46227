import assert from 'node:assert/strict';
import { test } from 'node:test';

import { layerOf, type Entry } from './layer.ts';

const text: Entry = { kind: 'text', mode: 0o644, text: 'x' };

test('a layer is sorted and has the folders that its entries are in, each before what is in it', () => {
  const layer = layerOf([
    ['/usr/local/bin/b', text],
    ['/etc/passwd', text],
    ['/usr/local/bin/a', text],
  ]);
  assert.deepEqual(
    [...layer.keys()],
    ['/etc', '/etc/passwd', '/usr', '/usr/local', '/usr/local/bin', '/usr/local/bin/a', '/usr/local/bin/b'],
  );
  assert.deepEqual(layer.get('/usr/local'), { kind: 'folder', mode: 0o755 });
});

test('a folder that is named keeps its permissions, whatever is in it', () => {
  const folder: Entry = { kind: 'folder', mode: 0o1777 };
  const entries: [string, Entry][] = [
    ['/tmp/a', text],
    ['/tmp', folder],
  ];
  assert.equal(layerOf(entries).get('/tmp'), folder);
  assert.equal(layerOf(entries.toReversed()).get('/tmp'), folder);
});
