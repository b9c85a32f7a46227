// What `check` says of a Corefile is what CoreDNS says when it loads it, in the oldest and the newest version.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { check } from '../../src/dns/corefile/check.ts';
import { findExecutable } from '../../tools/cluster/binaries.ts';
import { readCorefile } from '../../src/dns/corefile/server-blocks.ts';
import { Component } from '../kit/cluster/component.ts';
import { freePort } from '../kit/free-port.ts';

const address = '127.123.0.30';
const everywhere = '0.0.0.0';
const longLabel = 'l'.repeat(64);

/** `PORT` and `OTHER` stand for free ports. */
const good = {
  'a server block without braces': '.:PORT\nwhoami\nerrors\n',
  'a brace on its own line': '.:PORT\n{\n  whoami\n}\n',
  'a directive behind the brace': '.:PORT { whoami\n  errors\n}\n',
  'zones on several lines': 'example.org:PORT, example.net:PORT,\n  example.com:PORT {\n  whoami\n}\n',
  'braces and quotes in comments': '# } {\n.:PORT { # }\n  whoami # "\n  #}\n}\n',
  'a comment in a word': '.:PORT {#comment\n  whoami#}\n}\n',
  'a word in a comment in a word': '.:PORT {\n  log#this .\n  whoami\n}\n',
  'quoted braces over lines': '.:PORT {\n  log . "} {\n }\\"\\\\"\n  whoami\n}\n',
  'a snippet': '(usual) {\n  errors\n  whoami\n}\n.:PORT {\n  import usual\n}\n',
  'an import of no file': '.:PORT {\n  whoami\n  import no/*.override\n}\nimport no/*.server\n',
  'a variable': '{$NONE_SUCH}.:PORT {\n  whoami\n}\n',
  'a zone on two ports': '.:PORT {\n  whoami\n}\n.:OTHER {\n  whoami\n}\n',
  'a zone at two addresses': `.:PORT {\n  bind ${address}\n  whoami\n}\n.:PORT {\n  bind 127.123.0.31\n  whoami\n}\n`,
  'a plugin twice that may be': '.:PORT {\n  whoami\n  rewrite name a b\n  rewrite name c d\n}\n',
  'no line break at the end': '.:PORT {\n  whoami\n}',
  'Windows line ends': '.:PORT {\r\n  whoami\r\n}\r\n',
  'a byte order mark': '\uFEFF.:PORT {\n  whoami\n}\n',
  'a reverse zone': '10.in-addr.arpa:PORT {\n  whoami\n}\n',
  networks: '10.0.0.0/24:PORT 2001:db8::/32:PORT {\n  whoami\n}\n',
};

const bad = {
  'a brace too few': '.:PORT {\n  whoami\n',
  'a brace at the end of a line': '.:PORT {\n  whoami }\n}\n',
  'a quote without an end': '.:PORT {\n  log . "\n  whoami\n}\n',
  'a comma without a zone': '.:PORT, {\n  whoami\n}\n',
  'a comma at the end': '.:PORT {\n  whoami\n}\nexample.org:PORT,\n',
  'an import of nothing': '.:PORT {\n  import\n  whoami\n}\n',
  'an import of two': '.:PORT {\n  import a/*.x b/*.x\n  whoami\n}\n',
  'a snippet twice': '(a) {\n  errors\n}\n(a) {\n  log\n}\n.:PORT {\n  import a\n  whoami\n}\n',
  'a snippet without braces': '(a)\nerrors\n',
  'a zone twice': '.:PORT {\n  whoami\n}\n.:PORT {\n  whoami\n}\n',
  'a zone twice, spelt otherwise':
    'Example.org:PORT {\n  whoami\n}\ndns://example.org.:PORT {\n  whoami\n}\n',
  'a zone twice in a block': '.:PORT .:PORT {\n  whoami\n}\n',
  'a zone at an address and everywhere': `.:PORT {\n  bind ${address}\n  whoami\n}\n.:PORT {\n  whoami\n}\n`,
  'a port that is none': '.:dns {\n  whoami\n}\n',
  'a colon without a port': 'example.org: {\n  whoami\n}\n',
  'a label that is too long': `${longLabel}.example.org:PORT {\n  whoami\n}\n`,
  'a cache twice': '.:PORT {\n  cache 30\n  whoami\n  cache 20\n}\n',
  'a plugin twice by a snippet': '(usual) {\n  errors\n}\n.:PORT {\n  import usual\n  errors\n  whoami\n}\n',
};

/** What CoreDNS loads as something else than was meant, so that nothing can be put behind it. */
const misread = {
  'a brace too few inside': '.:PORT {\n  whoami\n  hosts {\n}\n',
  'a brace too many': '.:PORT {\n  whoami\n}\n}\n',
};

/** What CoreDNS has refused only since some time after 1.6. */
const newlyBad = new Set(['a zone twice, spelt otherwise', 'a port that is none']);

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maesh-dns-'));
});

after(() => rm(folder, { recursive: true }));

/** What CoreDNS says against a Corefile; undefined where it serves what is in there. */
async function refusal(program: string, corefile: string): Promise<string | undefined> {
  const file = join(folder, `Corefile-${randomUUID()}`);
  await writeFile(file, corefile);
  const coredns = new Component({
    name: program,
    program: findExecutable(program),
    // For what has no port, or isn't read as the port that it is.
    args: ['-conf', file, '-dns.port', String(await freePort(everywhere))],
    logFile: `${file}.log`,
  });
  const serves = async (): Promise<boolean> => /^CoreDNS-/m.test(await readFile(coredns.logFile, 'utf8'));
  const ended = coredns.ended.then(() => coredns.logTail());
  const refused = await Promise.race([ended, coredns.ready(serves).catch(() => ended)]);
  await coredns.kill();
  return refused ?? undefined;
}

for (const program of ['coredns-1.6', 'coredns']) {
  suite(`what ${program} loads or refuses, so does check()`, { concurrency: 4 }, () => {
    for (const [what, template] of Object.entries({ ...good, ...bad, ...misread })) {
      const isGood = what in good;
      const isLoaded = !(what in bad) || (program === 'coredns-1.6' && newlyBad.has(what));
      test(`${isLoaded ? 'loads' : 'refuses'} ${what}`, async () => {
        const [port, other] = await Promise.all([freePort(everywhere), freePort(everywhere)]);
        const corefile = template.replaceAll('PORT', String(port)).replaceAll('OTHER', String(other));
        const refused = await refusal(program, corefile);
        assert.equal(refused === undefined, isLoaded, refused);
        if (what in misread) {
          const read = readCorefile(corefile);
          assert.equal('blocks' in read && read.blocks.at(-1)?.isOpen, true);
          return;
        }
        const faults = check(corefile);
        assert.equal(faults.length === 0, isGood, faults.map(({ message }) => message).join());
      });
    }
  });
}
