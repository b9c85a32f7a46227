import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { StandaloneAddresses } from '../config/options.ts';
import { readyText } from './ready.ts';

const out = { isTerminal: false, write: () => {}, paint: (_style: unknown, text: string): string => text };
const all: StandaloneAddresses = {
  http: { host: '127.0.0.1', port: 8000 },
  dns: { host: '127.0.0.1', port: 5353 },
  api: { host: '', port: 9000 },
  xds: { host: '127.0.0.1', port: 15_010 },
};

describe('readyText', () => {
  it('shows every port in use, with calls that can be tried', () => {
    assert.equal(
      readyText(all, { options: { envoy: 'managed' }, out }),
      `The mesh is ready. Ctrl-C ends it.
  HTTP  http://127.0.0.1:8000  curl -H 'Host: <service>.<namespace>.maesh' http://127.0.0.1:8000
  DNS   127.0.0.1:5353         dig @127.0.0.1 -p 5353 <service>.<namespace>.maesh
  API   http://127.0.0.1:9000  curl http://127.0.0.1:9000/api/topology/current
`,
    );
  });

  it('tells of xDS where others start Envoy', () => {
    assert.match(
      readyText(all, { options: { envoy: 'external' }, out }),
      /\n  xDS   127\.0\.0\.1:15010 +maesh bootstrap --xdsPort 15010\n$/,
    );
  });

  it('leaves out what could not be opened', () => {
    const some = { ...all, http: undefined, dns: undefined };
    assert.doesNotMatch(readyText(some, { options: { envoy: 'managed' }, out }), /HTTP|DNS/);
    assert.doesNotMatch(readyText({ ...all, api: undefined }, { options: { envoy: 'managed' }, out }), /API/);
  });

  it('writes IPv6 addresses as URLs have them', () => {
    const six = { ...all, http: { host: '::1', port: 80 } };
    assert.match(readyText(six, { options: { envoy: 'managed' }, out }), / http:\/\/\[::1\]:80 /);
  });
});
