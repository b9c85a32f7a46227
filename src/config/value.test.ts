import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import {
  choice,
  count,
  domainName,
  domainNames,
  ipAddress,
  listenHost,
  list,
  loopbackRange,
  namespaceName,
  namespaceNames,
  objectName,
  optional,
  peerHost,
  port,
  text,
  toggle,
  unlessEmpty,
  type ValueKind,
} from './value.ts';

function read<T>(kind: ValueKind<T>, ...texts: string[]): T | string {
  const result = kind.read(texts);
  return 'why' in result ? `${result.why}; ${result.advice}` : result.value;
}

describe('port', () => {
  it('reads every port, 0 included', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (number) => read(port, String(number)) === number),
    );
  });

  it('refuses what is none and says what ports are', () => {
    for (const wrong of ['65536', '-1', '80.5', '0x50', '8e1', 'http', '', ' 80']) {
      assert.equal(
        read(port, wrong),
        'not a port; use a number from 1 to 65535, or 0 for any free port',
        wrong,
      );
    }
  });
});

describe('count', () => {
  it('reads whole numbers from its least on', () => {
    assert.equal(read(count(1), '1'), 1);
    assert.equal(read(count(0), '0'), 0);
    assert.match(String(read(count(1), '0')), /^not a whole number from 1; /);
    assert.match(String(read(count(0), '1.5')), /^not a whole number from 0; /);
  });
});

describe('choice', () => {
  const level = choice(['error', 'warn', 'info']);

  it('reads one of its words in any case', () => {
    assert.equal(read(level, 'WARN'), 'warn');
  });

  it('lists its words where it is none of them', () => {
    assert.equal(read(level, 'loud'), 'not one of the values that there are; use error, warn or info');
  });

  it('suggests the word that was mistyped', () => {
    assert.match(read(level, 'wran'), /use error, warn or info \(did you mean warn\?\)$/);
  });
});

describe('toggle', () => {
  it('reads yes and no as Go does', () => {
    for (const yes of ['1', 't', 'T', 'true', 'TRUE', 'True']) assert.equal(read(toggle, yes), true, yes);
    for (const no of ['0', 'f', 'F', 'false', 'FALSE', 'False']) assert.equal(read(toggle, no), false, no);
    assert.equal(read(toggle, 'maybe'), 'neither true nor false; use true or false');
  });
});

describe('names of Kubernetes', () => {
  const longest = 'a'.repeat(63);

  it('are those that a namespace can have', () => {
    for (const name of ['a', 'store', 'kube-system', '9-to-5', longest]) {
      assert.equal(read(namespaceName, name), name);
    }
    for (const wrong of ['', 'Store', 'a.b', 'a_b', '-a', 'a-', 'a b', `${longest}a`]) {
      assert.match(read(namespaceName, wrong), /^no namespace can have this name; use up to 63 /, wrong);
    }
  });

  it('are those that an object can have, also with dots', () => {
    for (const name of ['maesh-controller', 'a.b-c.d', [longest, longest, longest].join('.')]) {
      assert.equal(read(objectName, name), name);
    }
    const long = Array.from({ length: 4 }, () => longest).join('.');
    for (const wrong of ['', 'A', '.a', 'a.', 'a..b', 'a/b', long]) {
      assert.match(read(objectName, wrong), /^no object can have this name; use /, wrong);
    }
  });

  it('may be a list, which an empty text leaves empty', () => {
    assert.deepEqual(read(namespaceNames, 'a, b', 'c'), ['a', 'b', 'c']);
    for (const none of ['', ' ']) assert.deepEqual(read(namespaceNames, none), []);
  });

  it('are told apart in a list where one is wrong', () => {
    assert.match(String(read(namespaceNames, 'a,Store,b')), /^Store: no namespace can have this name; /);
    assert.match(String(read(namespaceNames, 'a,,b')), /^one of the list is empty; /);
  });
});

describe('list', () => {
  it('takes values separated by commas, named several times, or both', () => {
    assert.deepEqual(read(list('path'), 'a, b', 'c'), ['a', 'b', 'c']);
  });

  it('refuses an empty value among others', () => {
    assert.match(String(read(list('path'), 'a,,b')), /^one of the list is empty; /);
    assert.match(String(read(list('path'), '')), /^one of the list is empty; /);
  });
});

describe('a kind of one value', () => {
  it('takes the last where it is named several times', () => {
    assert.equal(read(port, '1', '2'), 2);
    assert.equal(read(text('name'), 'a', 'b'), 'b');
  });

  it('refuses an empty text', () => {
    assert.equal(read(text('name'), ''), 'it is empty; give a name');
  });

  it('takes an empty text for no value where that is allowed', () => {
    assert.equal(read(unlessEmpty(text('name')), 'a', ''), undefined);
    assert.equal(read(unlessEmpty(text('name')), '', 'a'), 'a');
    assert.match(String(read(unlessEmpty(port), 'x')), /^not a port; /);
  });
});

describe('kinds of addresses', () => {
  const withPort = ['127.0.0.1:9000', 'http://localhost', 'a b', ':9000'];

  it('take an address of either family', () => {
    for (const address of ['127.0.0.1', '::1', '0.0.0.0']) {
      for (const kind of [listenHost, peerHost, ipAddress]) assert.equal(read(kind, address), address);
    }
  });

  it('refuse a port with it', () => {
    for (const wrong of withPort) {
      assert.match(read(listenHost, wrong), /^not an address; .* without a port$/, wrong);
      assert.match(read(peerHost, wrong), /^not an address; .* without a port$/, wrong);
      assert.match(read(ipAddress, wrong), /^not an IP address; .* without a port$/, wrong);
    }
  });

  it('take a name where one is resolved', () => {
    assert.equal(read(listenHost, 'localhost'), 'localhost');
    assert.equal(read(peerHost, 'maesh.example'), 'maesh.example');
    assert.match(read(ipAddress, 'localhost'), /^not an IP address; /);
  });

  it('take nothing for every address where something listens, and nowhere else', () => {
    assert.equal(read(listenHost, ''), '');
    assert.match(read(peerHost, ''), /^not an address; /);
    assert.match(read(ipAddress, ''), /^not an IP address; /);
  });
});

describe('domainNames', () => {
  it('reads domains, each once, in lower case and without a dot behind them', () => {
    assert.deepEqual(domainNames.read(['maesh,Mesh.Example.', 'maesh']), {
      value: ['maesh', 'mesh.example'],
    });
    assert.equal(read(domainName, 'cluster.local.'), 'cluster.local');
  });

  it('refuses what is no domain', () => {
    for (const wrong of [
      '',
      'mesh_example',
      '.maesh',
      'a..b',
      '-a.b',
      '*.maesh',
      'maesh:53',
      `${'a'.repeat(64)}.b`,
    ]) {
      assert.match(read(domainName, wrong), /^not a domain; /, wrong);
    }
    assert.match(read(domainNames, 'maesh,a b') as string, /^a b: not a domain; /);
    assert.match(read(domainNames, 'maesh,') as string, /^one of the list is empty; /);
  });
});

describe('loopbackRange', () => {
  it('reads ranges of loopback addresses that have room for services', () => {
    for (const good of ['127.77.0.0/16', '127.0.0.0/8', '127.1.2.0/24']) {
      assert.equal(read(loopbackRange, good), good);
    }
  });

  it('refuses what would be open to the network, too small, or no range', () => {
    const wrong = [
      '10.0.0.0/16',
      '127.77.0.0',
      '127.77.0.0/25',
      '127.0.0.0/7',
      '127.300.0.0/16',
      '::1/16',
      '127.0.0.0/16/16',
    ];
    for (const range of wrong) {
      assert.match(read(loopbackRange, range), /^not a range of IPv4 loopback addresses; /, range);
    }
  });
});

describe('show', () => {
  it('shows a value as it can be written again', () => {
    assert.equal(port.show(80), '80');
    assert.equal(toggle.show(false), 'false');
    assert.equal(list('path').show(['a', 'b']), 'a,b');
  });

  it('shows nothing for no value', () => {
    assert.equal(optional(port).show(undefined), '');
    assert.equal(optional(port).show(80), '80');
  });
});
