import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { pathPattern, valuePattern } from './request-match.ts';

describe('regular expressions of users', () => {
  it('begin a path, with a slash before them where they have none', () => {
    assert.equal(pathPattern('/api|/web'), String.raw`(?:/api|/web)\C*`);
    assert.equal(pathPattern('^/api'), String.raw`(?:^/api)\C*`);
    assert.equal(pathPattern('api'), String.raw`/?(?:api)\C*`);
  });

  it('stand anywhere in a value', () => {
    assert.equal(valuePattern('a|b'), String.raw`\C*(?:a|b)\C*`);
  });
});
