// Makes a defect in a process that runs already: loaded before the program (`node --import`), it breaks a function of
// Node that the program uses, as soon as the process gets SIGUSR2. Which one, the variable BREAK_LATER says.

import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import util from 'node:util';

function broken(): never {
  throw new TypeError('an injected defect');
}

/** What breaks: reading of objects that are known and change, or translation to resources that are new. */
const breaks: Readonly<Record<string, () => void>> = {
  reading: () => (util.isDeepStrictEqual = broken),
  translation: () => (crypto.hash = broken),
};

process.once('SIGUSR2', () => {
  breaks[process.env['BREAK_LATER'] ?? '']?.();
  syncBuiltinESMExports();
  process.stderr.write('broken\n');
});
