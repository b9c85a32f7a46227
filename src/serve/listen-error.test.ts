import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressText, ListenError } from './listen-error.ts';

const target = { what: 'DNS', host: '127.0.0.1', port: 53 };

function systemError(code: string): Error {
  return Object.assign(new Error(`bind ${code} 127.0.0.1:53`), { code });
}

test('a port that may not be bound says so, and how to go on', () => {
  const cause = systemError('EACCES');
  const error = ListenError.from(cause, target);
  assert.equal(error.code, 'MAESH_LISTEN_DENIED');
  assert.equal(error.message, 'Cannot open 127.0.0.1:53 for DNS: the system does not allow it');
  assert.match(error.advice, /port from 1024 on.*CAP_NET_BIND_SERVICE/);
  assert.equal(error.cause, cause);
});

test('each reason has its code, and whatever else has one too', () => {
  assert.equal(ListenError.from(systemError('EADDRINUSE'), target).code, 'MAESH_LISTEN_IN_USE');
  assert.equal(ListenError.from(systemError('EADDRNOTAVAIL'), target).code, 'MAESH_LISTEN_NO_ADDRESS');
  const other = ListenError.from(systemError('EMFILE'), target);
  assert.equal(other.code, 'MAESH_LISTEN_FAILED');
  assert.match(other.message, /: bind EMFILE/);
  assert.equal(ListenError.from('text', target).code, 'MAESH_LISTEN_FAILED');
});

test('a port that is taken has the advice of its own, and for no other reason', () => {
  const special = { ...target, whenTaken: 'Move' };
  assert.equal(ListenError.from(systemError('EADDRINUSE'), special).advice, 'Move');
  assert.match(ListenError.from(systemError('EADDRINUSE'), target).advice, /choose another port/);
  assert.match(ListenError.from(systemError('EACCES'), special).advice, /port from 1024 on/);
});

test('an error that is one already stays as it is', () => {
  const error = ListenError.from(systemError('EACCES'), target);
  assert.equal(ListenError.from(error, { ...target, what: 'the API' }), error);
});

test('addressText() writes an address as it is typed', () => {
  assert.equal(addressText('127.0.0.1', 53), '127.0.0.1:53');
  assert.equal(addressText('::1', 53), '[::1]:53');
  assert.equal(addressText('', 9000), '*:9000');
});
