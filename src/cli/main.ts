// The program `maesh`: a command line in, an exit code out. 0 is success; 1 is a wrong call, a failure, or, for
// `maesh check`, a problem found.

import { keepHeapSmall } from './heap.ts';

const args = process.argv.slice(2);
keepHeapSmall(args);
const { runCli } = await import('./cli.ts');
const { processSurroundings } = await import('./surroundings.ts');
const { processTerminal } = await import('./output.ts');
// The code is set, not exited with: output that a pipe has not taken yet would be lost.
process.exitCode = await runCli(args, {
  terminal: processTerminal(),
  surroundings: processSurroundings(),
});
